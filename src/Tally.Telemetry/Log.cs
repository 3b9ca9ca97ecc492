using Microsoft.Extensions.Logging;

namespace Tally.Telemetry;

/// <summary>What this library says. Ids 5000 to 5099.</summary>
internal static partial class Log
{
    [LoggerMessage(5000, LogLevel.Information, "{Service} {Instance} listens: gRPC on {Grpc}, HTTP on {Http}")]
    public static partial void Listening(ILogger logger, string service, string instance, string grpc, string http);

    [LoggerMessage(5001, LogLevel.Information, "{Service} {Instance} stopped")]
    public static partial void Stopped(ILogger logger, string service, string instance);

    [LoggerMessage(5002, LogLevel.Critical, "The service ends because of a fault it doesn't know")]
    public static partial void Crashed(ILogger logger, Exception fault);

    [LoggerMessage(5010, LogLevel.Warning, "Metric {Metric} of meter {Meter} is left out: its Prometheus name {Name} is taken by one of another type")]
    public static partial void NameTaken(ILogger logger, string metric, string meter, string name);

    [LoggerMessage(5011, LogLevel.Error, "Collecting the metrics failed")]
    public static partial void CollectionFailed(ILogger logger, Exception fault);

    [LoggerMessage(5012, LogLevel.Information, "Traces are exported to {Endpoint}")]
    public static partial void TracesExported(ILogger logger, string endpoint);

    [LoggerMessage(5020, LogLevel.Warning, "Not ready: {Reasons}")]
    public static partial void NotReady(ILogger logger, string reasons);

    [LoggerMessage(5021, LogLevel.Information, "Ready")]
    public static partial void Ready(ILogger logger);

    [LoggerMessage(5022, LogLevel.Error, "The check {Check} failed with an exception")]
    public static partial void CheckFailed(ILogger logger, string check, Exception fault);
}
