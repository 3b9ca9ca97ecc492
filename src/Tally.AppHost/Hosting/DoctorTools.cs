using System.Text.RegularExpressions;
using Tally.AppHost.Components;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Hosting;

/// <summary>Looks for the tools one by one.</summary>
internal sealed partial class DoctorTools(SystemSettings settings, ToolCache cache, CancellationToken cancellationToken)
{
    private readonly bool _ownPostgres = settings.Postgres is null;
    private readonly bool _ownKafka = settings.KafkaServers is null;
    private readonly LibrdkafkaTool? _librdkafka = LibrdkafkaTool.FindRedist() ?? LibrdkafkaTool.FindBuilt(cache);

    // Node is for what isn't in the cache yet.
    private bool NeedsNode => (_ownPostgres && !cache.Has(PostgresTool.Entry)) || _librdkafka is null
        || (_ownKafka && KafkaTool.Home is null && KafkaTool.FindHere(cache, settings.Kafka) is null);

    public async Task<ToolFinding> DotnetAsync()
    {
        var path = SearchPath.Find("dotnet");
        var version = path is null ? null : await VersionAsync(path, "--version");
        return new ToolFinding(
            ".NET SDK",
            version is not null,
            true,
            version,
            path,
            "builds Tally",
            "Install the .NET 10 SDK (Debian: apt-get install dotnet-sdk-10.0 from Microsoft's packages).");
    }

    public async Task<ToolFinding> NodeAsync(string program, string neededFor)
    {
        var path = SearchPath.Find(program);
        var version = path is null ? null : await VersionAsync(path, "--version");
        return new ToolFinding(program, path is not null, NeedsNode, version, path, neededFor, NpmPackage.HowToGetNpm);
    }

    public async Task<ToolFinding> JavaAsync()
    {
        var java = await JavaTool.TryFindAsync(cancellationToken);
        var found = java is not null && JavaTool.Major(java.Version) >= JavaTool.Oldest;
        return new ToolFinding("java", found, _ownKafka, java?.Version, java?.Path, $"runs Kafka (version {JavaTool.Oldest} or later)", JavaTool.HowToGet);
    }

    public async Task<ToolFinding> CompilerAsync(string program, string neededFor)
    {
        var path = SearchPath.Find(program);
        var version = path is null ? null : await VersionAsync(path, "--version");
        return new ToolFinding(program, path is not null, _librdkafka is null, version, path, neededFor, LibrdkafkaTool.HowToGet);
    }

    public async Task<ToolFinding> HeaderAsync(string name, string header, string neededFor, string howToGet)
    {
        var found = SearchPath.Find("gcc") is not null
            && (await ToolRun.RunAsync("gcc", ["-E", "-include", header, "-x", "c", "/dev/null", "-o", "/dev/null"], cancellationToken)).ExitCode == 0;
        return new ToolFinding(name, found, false, null, null, neededFor, howToGet);
    }

    public ToolFinding Postgres()
    {
        const string For = "keeps what was added";
        return !_ownPostgres
            ? new ToolFinding("postgres", true, true, null, "TALLY_POSTGRES", For, "")
            : new ToolFinding(
                "postgres",
                PostgresTool.IsForThisPlatform,
                true,
                PostgresTool.ServerVersion,
                cache.Has(PostgresTool.Entry) ? cache.PathOf(PostgresTool.Entry) : $"{PostgresTool.Origin}, at the first start",
                For,
                "Name a PostgreSQL that runs already in TALLY_POSTGRES: the one that Tally brings is for Linux on x64.");
    }

    public ToolFinding Kafka()
    {
        const string For = "brings results to Totals";
        const string HowToGet = "Set KAFKA_HOME to a distribution of Apache Kafka 4, or TALLY_KAFKA to one that runs already.";
        if (!_ownKafka)
        {
            return new ToolFinding("kafka", true, true, null, "TALLY_KAFKA", For, "");
        }

        try
        {
            var found = KafkaTool.FindHere(cache, settings.Kafka);
            return new ToolFinding(
                "kafka",
                true,
                true,
                found?.Version,
                found?.Source ?? $"a download from Apache, or else {KafkaTool.NpmOrigin}, at the first start",
                For,
                HowToGet);
        }
        catch (SystemProblemException wrongHome)
        {
            return new ToolFinding("kafka", false, true, null, null, For, wrongHome.Message);
        }
    }

    public ToolFinding Librdkafka() => new(
        "librdkafka",
        true,
        true,
        _librdkafka?.Version,
        _librdkafka is null ? $"{LibrdkafkaTool.Origin}, at the first start" : _librdkafka.Path.Length > 0 ? _librdkafka.Path : _librdkafka.Source,
        "the client of Kafka",
        LibrdkafkaTool.HowToGet);

    public async Task<ToolFinding> PrometheusAsync()
    {
        var path = PrometheusComponent.FindProgram();
        var version = path is null ? null : await VersionAsync(path, "--version");
        return new ToolFinding("prometheus", path is not null, false, version, path, "scrapes both services", PrometheusComponent.HowToGet);
    }

    public async Task<ToolFinding> K6Async()
    {
        var k6 = await K6Tool.TryFindAsync(cancellationToken);
        return new ToolFinding("k6", k6 is not null, false, k6?.Version, k6?.Program, "makes load", K6Tool.HowToGet);
    }

    /// <summary>Only what needs no asking for: Docker isn't looked at.</summary>
    public async Task<ToolFinding> GrafanaAsync()
    {
        const string For = "draws the dashboards";
        try
        {
            var tool = GrafanaTool.Find(GrafanaChoice.Auto);
            var version = tool is null ? null : await VersionAsync(tool.Program, "--version");
            return new ToolFinding("grafana", tool is not null, false, version, tool?.Program, For, GrafanaTool.HowToGet);
        }
        catch (SystemProblemException wrongHome)
        {
            return new ToolFinding("grafana", false, false, null, null, For, wrongHome.Message);
        }
    }

    private async Task<string?> VersionAsync(string program, string argument)
    {
        var run = await ToolRun.RunAsync(program, [argument], cancellationToken);
        var match = run.ExitCode == 0 ? Version().Match(string.Join('\n', run.Lines)) : null;
        return match is { Success: true } ? match.Value : null;
    }

    [GeneratedRegex(@"[0-9]+\.[0-9][0-9A-Za-z.+-]*", RegexOptions.NonBacktracking)]
    private static partial Regex Version();
}
