using Tally.AppHost.Components;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Hosting;

/// <summary>
/// The system's diagram, as code: what there is, what needs what, and so what starts when.
/// <code>
/// caller ─▶ calculator-1 … N ─▶ postgres (database calculator)
///               └─▶ kafka (topic) ─▶ totals-1 … M ─▶ postgres (database totals)
/// grafana ─▶ prometheus ─▶ calculator-1 … N, totals-1 … M
/// </code>
/// </summary>
internal sealed class SystemDiagram(SystemSettings settings, ComponentContext context, StateFile state, Supervisor supervisor)
{
    private readonly PostgresStore _postgres = new(context, supervisor, state);
    private readonly KafkaStore _kafka = new(context, supervisor, state);

    private const string Prometheus = "prometheus";
    private const string Grafana = "grafana";

    /// <summary>Starts everything, each as soon as what it needs answers.</summary>
    /// <param name="cancellationToken">Stops starting.</param>
    /// <returns>How to reach the databases and Kafka.</returns>
    public async Task<Connections> StartAsync(CancellationToken cancellationToken)
    {
        foreach (var name in Names())
        {
            state.Change(name, new ComponentState());
        }

        var file = new ConnectionsFile(context.Folder);
        var connections = file.ReadOrBegin(settings);

        // The two stores don't know of each other; both services need both.
        await Together.RunAsync(
            [
                token => _postgres.StartAsync(settings, connections, token),
                token => _kafka.StartAsync(settings, connections, token),
            ],
            cancellationToken);
        connections = file.Write(connections with
        {
            Postgres = _postgres.Admin,
            Calculator = _postgres.Calculator,
            Totals = _postgres.Totals,
            Kafka = _kafka.Connection,
        });

        // Neither service waits for the other: what one sends before the other listens lies in Kafka.
        List<Component> components = [.. Services(connections)];
        components.AddRange(Watchers(components));
        await Together.RunAsync(
            components.Select(component => (Func<CancellationToken, Task>)(token => supervisor.StartAsync(component, token))), cancellationToken);
        return connections;
    }

    /// <summary>Makes a further topic.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="partitions">How many partitions.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task CreateTopicAsync(string topic, int partitions, CancellationToken cancellationToken) =>
        _kafka.EnsureTopicAsync(topic, partitions, cancellationToken);

    private bool WantsGrafana => Has(SystemParts.Grafana) && settings.Grafana != GrafanaChoice.Off;

    private bool Has(SystemParts part) => settings.Parts.HasFlag(part);

    private IEnumerable<string> Names() =>
    [
        .. Has(SystemParts.Services)
            ? ServiceNames.First(ServiceNames.Calculator, settings.Calculators).Concat(ServiceNames.First(ServiceNames.Totals, settings.Totals))
            : [],
        .. Has(SystemParts.Postgres) ? ["postgres"] : (string[])[],
        .. Has(SystemParts.Kafka) ? ["kafka", "librdkafka"] : (string[])[],
        .. Has(SystemParts.Prometheus) ? [Prometheus] : (string[])[],
        .. WantsGrafana ? [Grafana] : (string[])[],
    ];

    private IEnumerable<Component> Services(Connections connections)
    {
        if (!Has(SystemParts.Services))
        {
            return [];
        }

        var ports = settings.Ports;
        var calculators = Enumerable.Range(1, settings.Calculators).Select(number =>
        {
            var name = ServiceNames.Of(ServiceNames.Calculator, number);
            return new ServiceComponent(
                context,
                name,
                "Tally.Calculator",
                WantedPorts.OfInstance(ports.CalculatorGrpc, number),
                WantedPorts.OfInstance(ports.CalculatorHttp, number),
                ServiceSettings.OfCalculator(settings, connections, name));
        }).ToArray();

        // Ports are chosen by now, so whoever needs the Calculators' can be told.
        var addresses = calculators.Select(calculator => calculator.Description.Endpoints["grpc"]).ToArray();
        var totals = Enumerable.Range(1, settings.Totals).Select(number =>
        {
            var name = ServiceNames.Of(ServiceNames.Totals, number);
            return new ServiceComponent(
                context,
                name,
                "Tally.Totals",
                WantedPorts.OfInstance(ports.TotalsGrpc, number),
                WantedPorts.OfInstance(ports.TotalsHttp, number),
                ServiceSettings.OfTotals(settings, connections, name, addresses));
        });
        return [.. calculators, .. totals];
    }

    private IEnumerable<Component> Watchers(IEnumerable<Component> services)
    {
        var prometheus = PrometheusOf(services);
        return [.. prometheus is null ? (Component[])[] : [prometheus], .. GrafanaOn(prometheus) is { } grafana ? (Component[])[grafana] : []];
    }

    private PrometheusComponent? PrometheusOf(IEnumerable<Component> services)
    {
        if (!Has(SystemParts.Prometheus))
        {
            return null;
        }

        if (PrometheusComponent.FindProgram() is { } program)
        {
            return new PrometheusComponent(context, program, settings.Ports.Prometheus, [.. services.Select(service => (ServiceNames.KindOf(service.Name), service.Description))]);
        }

        Miss(Prometheus, $"Prometheus isn't on the PATH, so nothing is scraped. {PrometheusComponent.HowToGet}");
        return null;
    }

    private GrafanaComponent? GrafanaOn(PrometheusComponent? prometheus)
    {
        if (!WantsGrafana)
        {
            return null;
        }

        if (GrafanaTool.Find(settings.Grafana) is not { } tool)
        {
            Miss(Grafana, $"Grafana isn't here, so nobody draws the dashboards. {GrafanaTool.HowToGet}");
            return null;
        }

        if (prometheus is null)
        {
            Miss(Grafana, "Grafana is here, but isn't started: without Prometheus it would have nothing to show.");
            return null;
        }

        return new GrafanaComponent(context, tool, settings.Ports.Grafana, prometheus.Description.Endpoints["http"]);
    }

    private void Miss(string component, string notice)
    {
        state.Change(component, new ComponentState { State = ComponentPhase.Missing });
        context.Reporter.Notice(notice);
    }
}
