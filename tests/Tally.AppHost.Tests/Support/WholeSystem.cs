using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;
using Tally.AppHost.Proof;
using Tally.Contracts.V1;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>A whole system led by this process, so that tests can stop its parts, and the command line on it.</summary>
internal sealed class WholeSystem : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private WholeSystem(LocalSystem system, string folder)
    {
        System = system;
        Folder = folder;
    }

    public LocalSystem System { get; }

    public string Folder { get; }

    /// <summary>Where the files of its PostgreSQL are.</summary>
    public string PostgresFolder
    {
        get
        {
            var folder = new DirectoryInfo(Path.Combine(Folder, "postgres"));
            return folder.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder.FullName;
        }
    }

    /// <param name="change">Makes the settings what a test needs.</param>
    /// <param name="prepare">Runs before anything else is started.</param>
    public static async Task<WholeSystem> StartAsync(Func<SystemSettings, SystemSettings> change, Func<SystemSettings, Task>? prepare = null)
    {
        var settings = change(TestFolders.Settings(SystemParts.Postgres | SystemParts.Kafka | SystemParts.Services));
        await (prepare?.Invoke(settings) ?? Task.CompletedTask);
        return new WholeSystem(await LocalSystem.StartAsync(settings, new TestReporter(), CancellationToken.None).Within(Patience), settings.DataFolder);
    }

    /// <summary>Two of each service, each result listed, on servers that nobody else uses: tests stop and kill them.</summary>
    public static Task<WholeSystem> StartPairsAsync(Func<SystemSettings, SystemSettings>? change = null) => StartAsync(settings =>
    {
        var pairs = settings with
        {
            Postgres = null,
            KafkaServers = null,
            Calculators = 2,
            Totals = 2,
            ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Totals:History"] = "table" },
        };
        return change?.Invoke(pairs) ?? pairs;
    });

    /// <summary>Runs a command with <c>--json</c>.</summary>
    /// <returns>Its exit code and its answer.</returns>
    public async Task<(int ExitCode, JsonElement Answer)> RunAsync(params string[] arguments)
    {
        using var written = new StringWriter();
        var terminal = new Terminal(() => TextReader.Null, written, TextWriter.Null);
        var exitCode = await TallyCommandLine.RunAsync([.. arguments, "--data", Folder, "--json"], terminal).Within(Patience);
        return (exitCode, JsonDocument.Parse(written.ToString()).RootElement);
    }

    /// <summary>Runs a command for people.</summary>
    public async Task<string> ReadAsync(params string[] arguments)
    {
        using var written = new StringWriter();
        await TallyCommandLine.RunAsync([.. arguments, "--data", Folder], new Terminal(() => TextReader.Null, written, written)).Within(Patience);
        return written.ToString();
    }

    /// <summary>Adds one pair of numbers after the other, and goes on to ask while the Calculator says that it is away.</summary>
    /// <returns>Where the results are.</returns>
    public async Task<IReadOnlyList<Position>> AddAsync(int calls)
    {
        using var channel = GrpcChannel.ForAddress(System.State.Components["calculator-1"].Endpoints[ComponentNames.Grpc]);
        var client = new Calculator.CalculatorClient(channel);
        var positions = new List<Position>(calls);
        for (var call = 0; call < calls; call++)
        {
            var request = new AddRequest { A = "1", B = $"0.{call % 100:00}", IdempotencyKey = $"{Guid.NewGuid()}" };
            await Eventually.TrueAsync(
                async () =>
                {
                    try
                    {
                        positions.Add((await client.AddAsync(request).ResponseAsync.Within(Patience)).Position);
                        return true;
                    }
                    catch (RpcException away) when (away.StatusCode == StatusCode.Unavailable)
                    {
                        return false;
                    }
                },
                Patience);
        }

        return positions;
    }

    /// <summary>Ids of the errors that a test makes its services log.</summary>
    public IReadOnlyCollection<int> ExpectedErrors { get; set; } = [];

    /// <summary>Makes the proof that <c>verify</c> makes, and sees it hold, also against what callers know; and that no service logged an error that nobody expected.</summary>
    public async Task<Evidence> ProveAsync(Books? books, TimeSpan patience)
    {
        await using var sources = Sources();
        var evidence = await new ProofRun(sources, TimeProvider.System).CollectAsync(patience, _ => { }, CancellationToken.None).Within(Patience + patience);
        Assert.Empty(Judge.ProblemsOf(evidence, books));
        Assert.Equal(0, books?.Unknown ?? 0);
        var errors = UnexpectedErrors();
        Assert.True(errors.Count == 0, $"{errors.Count} errors that nobody expected were logged:\n{string.Join('\n', errors.Take(10))}");
        return evidence;
    }

    private List<string> UnexpectedErrors() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Folder, "logs"), "*.log")
            .Where(static file => Path.GetFileName(file) is var name && (name.StartsWith("calculator-", StringComparison.Ordinal) || name.StartsWith("totals-", StringComparison.Ordinal)))
            .SelectMany(file => ErrorLog.Unexpected(File.ReadLines(file), ExpectedErrors)),
    ];

    /// <summary>What all Totals say together.</summary>
    public async Task<TotalsStatus> StatusAsync()
    {
        await using var sources = Sources();
        return await sources.ReadTotalsAsync(CancellationToken.None);
    }

    /// <summary>A counter of all instances of a service together.</summary>
    public async Task<long> CountAsync(string service, string metric)
    {
        using var http = ComponentProbe.NewClient();
        var sum = 0.0;
        foreach (var address in System.AddressesOf(service, ComponentNames.Http))
        {
            var lines = (await http.GetStringAsync(new Uri(new Uri(address), "/metrics"))).Split('\n');
            sum += lines.Where(line => line.StartsWith(metric + "{", StringComparison.Ordinal) || line.StartsWith(metric + " ", StringComparison.Ordinal))
                .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        }

        return (long)sum;
    }

    /// <summary>Asks the Calculator's database for a number.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "The statements are the tests' own.")]
    public async Task<long> QueryOutboxAsync(string query)
    {
        await using var database = NpgsqlDataSource.Create(System.Connections.Calculator.ConnectionString);
        await using var command = database.CreateCommand(query);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>Copies a service's database.</summary>
    public Task<DatabaseCopy> CopyAsync(DatabaseConnection database) =>
        DatabaseCopy.TakeAsync(System.Connections.Postgres.ConnectionString, new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!);

    /// <summary>How often Totals asked for a shard to be published again.</summary>
    public Task<long> RewindsAsync() => CountAsync(ServiceNames.Totals, "tally_inbox_rewinds_total");

    /// <summary>Whether a component answers now: what was written down may be older.</summary>
    public async Task<bool> IsReadyAsync(string component)
    {
        using var http = ComponentProbe.NewClient();
        return (await ComponentProbe.AskAsync(component, System.State.Components[component], http, CancellationToken.None)).State == "ready";
    }

    /// <summary>The lines that a component logged.</summary>
    public Task<string> ReadLogAsync(string component) => File.ReadAllTextAsync(Path.Combine(Folder, "logs", component + ".log"));

    private LiveSources Sources() =>
        new(System.Connections.Calculator.ConnectionString, System.AddressesOf(ServiceNames.Totals, ComponentNames.Http));

    public async ValueTask DisposeAsync() => await System.StopAsync().Within(Patience);
}
