namespace Tally.Totals;

/// <summary>What Totals itself writes to the log. Ids 4000 to 4099.</summary>
internal static partial class Log
{
    [LoggerMessage(4000, LogLevel.Information, "Result {Value} of shard {Shard}, epoch {Epoch}, sequence {Sequence} is in the total.", EventName = "Result")]
    public static partial void Result(ILogger logger, int shard, long epoch, long sequence, Amount value);

    [LoggerMessage(4001, LogLevel.Warning, "The total can't be read from the database.", EventName = "TotalNotRead")]
    public static partial void TotalNotRead(ILogger logger, Exception failure);

    [LoggerMessage(4002, LogLevel.Information, "The total is read from the database again.", EventName = "TotalReadAgain")]
    public static partial void TotalReadAgain(ILogger logger);
}
