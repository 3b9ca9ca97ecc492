namespace Tally.AppHost.Commands;

/// <summary>The components that commands ask for by name.</summary>
internal static class ComponentNames
{
    public const string AppHost = "apphost";
    public const string Grafana = "grafana";
    public const string Prometheus = "prometheus";
    public const string Grpc = "grpc";
    public const string Http = "http";
}
