using Confluent.Kafka;

namespace Tally;

/// <summary>Whether an error is worth a line in the log: librdkafka tells the same one several times a second while brokers are away. For one thread.</summary>
internal sealed class ErrorNews(TimeProvider time)
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(30);
    private readonly Dictionary<ErrorCode, long> _told = [];

    /// <summary>True for the first of its kind, and then every 30 seconds.</summary>
    public bool Is(Error error)
    {
        if (_told.TryGetValue(error.Code, out var at) && time.GetElapsedTime(at) < Again)
        {
            return false;
        }

        _told[error.Code] = time.GetTimestamp();
        return true;
    }
}
