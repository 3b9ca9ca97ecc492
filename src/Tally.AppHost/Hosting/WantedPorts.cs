namespace Tally.AppHost.Hosting;

/// <summary>The ports a system asks for. Zero is any free one. The second instance of a service asks for ports ten higher, the third for twenty, and so on.</summary>
public sealed record WantedPorts
{
    private const int Step = 10;

    /// <summary>The ports the documentation names.</summary>
    public static WantedPorts Usual { get; } = new();

    /// <summary>Any free ports: what tests take.</summary>
    public static WantedPorts Free { get; } =
        new() { CalculatorGrpc = 0, CalculatorHttp = 0, TotalsGrpc = 0, TotalsHttp = 0, Postgres = 0, Kafka = 0, Prometheus = 0, Grafana = 0 };

    /// <summary>The Calculator's gRPC.</summary>
    public int CalculatorGrpc { get; init; } = 50051;

    /// <summary>The Calculator's health, metrics and JSON.</summary>
    public int CalculatorHttp { get; init; } = 8081;

    /// <summary>Totals' gRPC.</summary>
    public int TotalsGrpc { get; init; } = 50052;

    /// <summary>Totals' health, metrics and page.</summary>
    public int TotalsHttp { get; init; } = 8082;

    /// <summary>PostgreSQL.</summary>
    public int Postgres { get; init; } = 54320;

    /// <summary>Kafka.</summary>
    public int Kafka { get; init; } = 9092;

    /// <summary>Prometheus.</summary>
    public int Prometheus { get; init; } = 9090;

    /// <summary>Grafana.</summary>
    public int Grafana { get; init; } = 3000;

    /// <summary>What an instance asks for.</summary>
    /// <param name="first">What the first one asks for.</param>
    /// <param name="number">Which instance, from 1.</param>
    internal static int OfInstance(int first, int number)
    {
        var port = first + (Step * (number - 1));
        return first == 0 || port > ushort.MaxValue ? 0 : port;
    }
}
