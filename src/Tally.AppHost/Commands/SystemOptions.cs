using System.CommandLine;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary>Options that say what a system is made of. What isn't said comes from the environment, or is as usual.</summary>
internal static class SystemOptions
{
    private static readonly Option<long> Calculators = Instances("--calculators", "How many Calculators run.");
    private static readonly Option<long> Totals = Instances("--totals", "How many Totals run.");

    private static readonly Option<long> CalculatorPort = Port("--calculator-port", "The first Calculator's gRPC; the next one asks for ten more, and so on.", WantedPorts.Usual.CalculatorGrpc);
    private static readonly Option<long> CalculatorHttpPort = Port("--calculator-http-port", "The first Calculator's HTTP.", WantedPorts.Usual.CalculatorHttp);
    private static readonly Option<long> TotalsPort = Port("--totals-port", "The first Totals' gRPC.", WantedPorts.Usual.TotalsGrpc);
    private static readonly Option<long> TotalsHttpPort = Port("--totals-http-port", "The first Totals' HTTP.", WantedPorts.Usual.TotalsHttp);
    private static readonly Option<long> PostgresPort = Port("--postgres-port", "PostgreSQL.", WantedPorts.Usual.Postgres);
    private static readonly Option<long> KafkaPort = Port("--kafka-port", "Kafka.", WantedPorts.Usual.Kafka);
    private static readonly Option<long> PrometheusPort = Port("--prometheus-port", "Prometheus.", WantedPorts.Usual.Prometheus);
    private static readonly Option<long> GrafanaPort = Port("--grafana-port", "Grafana.", WantedPorts.Usual.Grafana);

    private static readonly Option<string?> Postgres = Text(
        "--postgres", "CONNECTION", "Use this PostgreSQL (an Npgsql connection string with the right to create databases) instead of starting one.");

    private static readonly Option<string?> Kafka = Text("--kafka", "SERVERS", "Use this Kafka (bootstrap servers) instead of starting one.");

    private static readonly Option<string?> KafkaSettings = Text(
        "--kafka-settings", "SETTINGS", "Further librdkafka settings (TLS, SASL) as name=value, separated by semicolons.");

    private static readonly Option<string?> KafkaFrom =
        Text("--kafka-from", "auto|home|download|npm", "Where the Kafka that is started comes from.").Among("auto", "home", "download", "npm");

    private static readonly Option<string?> History =
        Text("--history", "off|log|table", "What Totals does with each value besides adding it up.").Among("off", "log", "table");

    private static readonly Option<string?> Grafana =
        Text("--grafana", "auto|docker|off", "Whether Grafana is started: the one on the PATH or in GRAFANA_HOME (auto), one that Docker fetches, or none.").Among("auto", "docker", "off");

    private static readonly Option<bool> Unsafe = CommonOptions.Flag(
        "--unsafe", "Start on a PostgreSQL that may lose what was answered when it crashes (fsync, synchronous_commit or full_page_writes off).");

    /// <summary>Variables of the environment, each with the option that stands for it and wins over it.</summary>
    internal static IReadOnlyDictionary<string, Option<string?>> Variables { get; } = new Dictionary<string, Option<string?>>(StringComparer.Ordinal)
    {
        ["TALLY_POSTGRES"] = Postgres,
        ["TALLY_KAFKA"] = Kafka,
        ["TALLY_KAFKA_SETTINGS"] = KafkaSettings,
        ["TALLY_KAFKA_FROM"] = KafkaFrom,
    };

    /// <summary>What a system is made of.</summary>
    public static IReadOnlyList<Option> Parts { get; } = [Calculators, Totals, Postgres, Kafka, KafkaSettings, KafkaFrom, History, Unsafe];

    /// <summary>What is started to look at it.</summary>
    public static IReadOnlyList<Option> Watchers { get; } = [Grafana];

    /// <summary>Where it listens.</summary>
    public static IReadOnlyList<Option> Ports { get; } =
        [CalculatorPort, CalculatorHttpPort, TotalsPort, TotalsHttpPort, PostgresPort, KafkaPort, PrometheusPort, GrafanaPort];

    /// <summary>The settings that the command line and the environment ask for.</summary>
    /// <exception cref="CommandException">One of them is wrong.</exception>
    public static SystemSettings Read(ParseResult line, string dataFolder)
    {
        try
        {
            var settings = EnvironmentSettings.Read(
                dataFolder,
                name => Variables.TryGetValue(name, out var option) && line.GetValue(option) is { } text ? text : Environment.GetEnvironmentVariable(name))
                with
            { Calculators = (int)line.GetValue(Calculators), Totals = (int)line.GetValue(Totals) };
            return settings with { ServiceSettings = ServiceSettingsOf(line) };
        }
        catch (SystemProblemException problem)
        {
            throw CommandException.Usage(Variables
                .Where(variable => line.Has(variable.Value))
                .Aggregate(problem.Message, (text, variable) => text.Replace($"{variable.Key} ", $"{variable.Value.Name} ", StringComparison.Ordinal)));
        }
    }

    private static Dictionary<string, string> ServiceSettingsOf(ParseResult line)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        if (line.GetValue(History) is { } history)
        {
            settings["Totals:History"] = history;
        }

        if (line.GetValue(Unsafe))
        {
            settings["Outbox:Unsafe"] = settings["Inbox:Unsafe"] = "true";
        }

        return settings;
    }

    /// <summary>The ports that the command line asks for.</summary>
    public static WantedPorts ReadPorts(ParseResult line) => new()
    {
        CalculatorGrpc = (int)line.GetValue(CalculatorPort),
        CalculatorHttp = (int)line.GetValue(CalculatorHttpPort),
        TotalsGrpc = (int)line.GetValue(TotalsPort),
        TotalsHttp = (int)line.GetValue(TotalsHttpPort),
        Postgres = (int)line.GetValue(PostgresPort),
        Kafka = (int)line.GetValue(KafkaPort),
        Prometheus = (int)line.GetValue(PrometheusPort),
        Grafana = (int)line.GetValue(GrafanaPort),
    };

    /// <summary>Which Grafana the command line asks for.</summary>
    public static GrafanaChoice ReadGrafana(ParseResult line) =>
        line.GetValue(Grafana) is { } choice ? Enum.Parse<GrafanaChoice>(choice, ignoreCase: true) : GrafanaChoice.Auto;

    /// <summary>The given ones of these options as arguments again, for another process.</summary>
    public static IReadOnlyList<string> ToArguments(ParseResult line) =>
        [.. Parts.Concat(Watchers).Concat(Ports).Where(line.Has).SelectMany(option => line.GetResult(option)!.Tokens.Select(token => token.Value).Take(1).Prepend(option.Name))];

    private static Option<long> Instances(string name, string description) =>
        CommonOptions.Number(name, description, 1, ServiceNames.MostInstances, 1);

    private static Option<long> Port(string name, string whose, int usual) =>
        CommonOptions.Number(name, $"{whose} 0 takes any free port; a taken one is replaced by a free one.", 0, 65_535, usual);

    private static Option<string?> Text(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName, Validators = { CommonOptions.RefuseEmpty } };

    private static Option<string?> Among(this Option<string?> option, params string[] values)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var value }] && !values.Contains(value))
            {
                result.AddError($"{option.Name} is '{value}', but it must be one of {string.Join(", ", values)}.");
            }
        });
        return option;
    }
}
