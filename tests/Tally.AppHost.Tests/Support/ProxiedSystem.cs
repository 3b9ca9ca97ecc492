using Npgsql;
using Tally.AppHost.Commands;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Tests.Support;

/// <summary>Two that talk to each other, the one that connects first.</summary>
public enum Link
{
    /// <summary>Where sums are asked for.</summary>
    CallerToCalculator,

    /// <summary>Where results are stored.</summary>
    CalculatorToPostgres,

    /// <summary>Where they are published.</summary>
    CalculatorToKafka,

    /// <summary>Where they are consumed.</summary>
    TotalsToKafka,

    /// <summary>Where they are folded.</summary>
    TotalsToPostgres,

    /// <summary>Where what is held is confirmed, and what is missing is asked for.</summary>
    TotalsToCalculator,
}

/// <summary>A whole system with a proxy between each two, started for the first test that needs it, and anew after one that failed.</summary>
public sealed class ProxiedSystem : IAsyncLifetime
{
    private static readonly string[] Services = [ServiceNames.Of(ServiceNames.Calculator, 1), ServiceNames.Of(ServiceNames.Totals, 1)];

    private readonly Dictionary<Link, (int Port, int Upstream)> _links = [];
    private WholeSystem? _system;
    private Toxiproxy? _proxies;
    private NpgsqlDataSource? _calculator;
    private NpgsqlDataSource? _totals;

    /// <summary>What all callers of this system know.</summary>
    internal Books Books { get; set; }

    private LocalSystem System => _system!.System;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => StopAsync();

    internal async Task EnsureStartedAsync()
    {
        if (_system is not null)
        {
            return;
        }

        Books = default;
        foreach (var link in Enum.GetValues<Link>())
        {
            _links[link] = (Ports.Free(), Ports.Free());
        }

        var postgres = _links[Link.CalculatorToPostgres].Upstream;
        var calculator = _links[Link.TotalsToCalculator].Upstream;
        _links[Link.TotalsToPostgres] = _links[Link.TotalsToPostgres] with { Upstream = postgres };
        _links[Link.CallerToCalculator] = _links[Link.CallerToCalculator] with { Upstream = calculator };
        try
        {
            _system = await WholeSystem.StartAsync(settings => Detoured(settings, postgres, calculator), BeforeAsync);
        }
        catch
        {
            await StopAsync();
            throw;
        }

        _calculator = NpgsqlDataSource.Create(System.Connections.Calculator.ConnectionString);
        _totals = NpgsqlDataSource.Create(System.Connections.Totals.ConnectionString);
    }

    internal async Task StopAsync()
    {
        await (_calculator?.DisposeAsync() ?? default);
        await (_totals?.DisposeAsync() ?? default);
        await (_system?.DisposeAsync() ?? default);
        await (_proxies?.DisposeAsync() ?? default);
        (_calculator, _totals, _system, _proxies) = (null, null, null, null);
    }

    internal KeyedCallers Call() => new($"http://{ProxyOf(Link.CallerToCalculator)}");

    internal Task BreakAsync(Link link, NetworkFault fault) => _proxies!.BreakAsync($"{link}", fault);

    internal Task MendAsync(Link link, NetworkFault fault) => _proxies!.MendAsync($"{link}", fault);

    /// <summary>Ends the connections that are dead still, so that the next test begins with none. The living ones end, too.</summary>
    internal async Task RenewAsync(Link link)
    {
        if (link == Link.CallerToCalculator)
        {
            // The callers of the next test connect anew, anyway.
            await AnewAsync(link);
            return;
        }

        // Anew, or a writer that does nothing would notice only at its next commit that its connection has ended, and refuse a call of the next test.
        var who = ServiceNames.Of(link is Link.CalculatorToPostgres or Link.CalculatorToKafka ? ServiceNames.Calculator : ServiceNames.Totals, 1);
        await System.StopComponentAsync(who);
        await AnewAsync(link);
        await System.StartComponentAsync(who, CancellationToken.None);
    }

    /// <summary>How many results are stored.</summary>
    internal Task<long> StoredAsync() => AskAsync(
        _calculator!, "SELECT coalesce(sum(last), 0)::bigint FROM (SELECT max(last_sequence) AS last FROM outbox.outbox_batches GROUP BY shard) l");

    /// <summary>How many of them Totals says that it holds.</summary>
    internal Task<long> ConfirmedAsync() => AskAsync(_calculator!, "SELECT coalesce(sum(sequence), 0)::bigint FROM outbox.consumers");

    /// <summary>How many of them it holds.</summary>
    internal Task<long> AppliedAsync() => AskAsync(
        _totals!,
        """
        SELECT coalesce(sum(count), 0)::bigint
        FROM (SELECT DISTINCT ON (shard) count FROM inbox.folds ORDER BY shard, generation DESC, from_sequence DESC) f
        """);

    /// <summary>The proof, once everything has arrived or time is over.</summary>
    internal async Task<IReadOnlyList<string>> ProblemsAsync(TimeSpan patience)
    {
        await using var sources = new LiveSources(
            System.Connections.Calculator.ConnectionString, System.AddressesOf(ServiceNames.Totals, ComponentNames.Http));
        return Judge.ProblemsOf(await new ProofRun(sources, TimeProvider.System).CollectAsync(patience, _ => { }, CancellationToken.None), Books);
    }

    /// <summary>Whether each part says that it is well.</summary>
    internal async Task<bool> IsWellAsync() => (await ComponentProbe.AskAsync(System.State, CancellationToken.None)).Values.All(ComponentProbe.IsWell);

    /// <summary>What the services logged last.</summary>
    internal IEnumerable<string> LastWords(int lines) => Services.SelectMany(name =>
        File.ReadLines(new SystemFolder(_system!.Folder).Log(name)).TakeLast(lines).Select(line => $"{name}: {line}"));

    private SystemSettings Detoured(SystemSettings settings, int postgres, int calculator)
    {
        // The services are told of proxies in place of servers, so all that is chosen or made up at the start must be known before.
        var folder = new SystemFolder(settings.DataFolder);
        folder.Prepare();
        var connections = new ConnectionsFile(folder).ReadOrBegin(settings);
        Ports.Return(postgres);
        Ports.Return(calculator);
        return settings with
        {
            Ports = settings.Ports with { Postgres = postgres, CalculatorGrpc = calculator },
            KafkaDetours = [DetourOf(Link.CalculatorToKafka), DetourOf(Link.TotalsToKafka)],
            ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                // Each result is listed, too, so that one that is doubled while another is lost shows.
                ["Totals:History"] = "table",
                ["Outbox:ConnectionString"] = ConnectionString(Link.CalculatorToPostgres, ServiceNames.Calculator, connections.Calculator.Password),
                ["Outbox:Kafka:BootstrapServers"] = ProxyOf(Link.CalculatorToKafka),
                ["Inbox:ConnectionString"] = ConnectionString(Link.TotalsToPostgres, ServiceNames.Totals, connections.Totals.Password),
                ["Inbox:Kafka:BootstrapServers"] = ProxyOf(Link.TotalsToKafka),
                ["Totals:Calculators"] = $"http://{ProxyOf(Link.TotalsToCalculator)}",
            },
        };
    }

    private async Task BeforeAsync(SystemSettings settings)
    {
        _proxies = await Toxiproxy.StartAsync(new SystemFolder(settings.DataFolder).Log("toxiproxy"));
        foreach (var (link, (port, upstream)) in _links)
        {
            await _proxies.AddAsync($"{link}", port, upstream);
        }
    }

    private async Task AnewAsync(Link link)
    {
        await _proxies!.RemoveAsync($"{link}");
        await _proxies.AddAsync($"{link}", _links[link].Port, _links[link].Upstream);
    }

    private KafkaDetour DetourOf(Link link) => new(_links[link].Upstream, _links[link].Port);

    private string ProxyOf(Link link) => $"127.0.0.1:{_links[link].Port}";

    private string ConnectionString(Link link, string role, string password) =>
        $"Host=127.0.0.1;Port={_links[link].Port};Database={role};Username={role};Password={password}";

    private static async Task<long> AskAsync(NpgsqlDataSource database, string question)
    {
        await using var command = database.CreateCommand(question);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
