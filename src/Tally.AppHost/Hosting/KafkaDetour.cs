namespace Tally.AppHost.Hosting;

/// <summary>A listener for clients that come by way of a proxy: Kafka tells its clients where to find it, so on this one it names the proxy.</summary>
/// <param name="Port">Where Kafka listens.</param>
/// <param name="ProxyPort">Where the proxy does.</param>
internal sealed record KafkaDetour(int Port, int ProxyPort);
