using System.Text;
using Confluent.Kafka;

namespace Tally.Outbox.Relaying;

/// <summary>
/// The headers that make an event one of CloudEvents 1.0, in the binary mode of its Kafka binding (cloudevents.io). They are made when it is published, not stored:
/// the same event has the same id whenever, and by whomever, it is published again.
/// </summary>
internal sealed class CloudEventHeaders
{
    private static readonly byte[] Version = "1.0"u8.ToArray();

    private readonly int _shard;
    private readonly byte[] _source;
    private readonly byte[] _type;
    private readonly byte[] _contentType;

    private CloudEventHeaders(OutboxOptions options, Guid system, int shard)
    {
        _shard = shard;
        _source = Encoding.ASCII.GetBytes($"urn:uuid:{system}");
        _type = Encoding.UTF8.GetBytes(options.CloudEventType);
        _contentType = Encoding.UTF8.GetBytes(options.CloudEventContentType);
    }

    /// <returns>Null when nobody asked for them.</returns>
    public static CloudEventHeaders? Of(OutboxOptions options, Guid system, int shard) =>
        options.CloudEventType.Length == 0 ? null : new CloudEventHeaders(options, system, shard);

    /// <summary>Adds them to an event's own, which win.</summary>
    public Headers AddTo(Headers? own, long epoch, long sequence)
    {
        var headers = own ?? [];
        Add("ce_specversion", Version);
        Add("ce_id", Encoding.ASCII.GetBytes($"{_shard}.{epoch}.{sequence}"));
        Add("ce_source", _source);
        Add("ce_type", _type);
        Add("content-type", _contentType);
        return headers;

        void Add(string name, byte[] value)
        {
            if (own is null || !headers.TryGetLastBytes(name, out _))
            {
                headers.Add(name, value);
            }
        }
    }
}
