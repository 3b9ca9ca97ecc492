using Tally.AppHost.Hosting;

namespace Tally.AppHost.Tests.Hosting;

public sealed class ServiceSettingsTests
{
    private static readonly Connections Reach = new()
    {
        Calculator = new DatabaseConnection { ConnectionString = "Database=calculator" },
        Totals = new DatabaseConnection { ConnectionString = "Database=totals" },
        Kafka = new KafkaConnection
        {
            BootstrapServers = "k:9092",
            Topic = "sums",
            Settings = { ["security.protocol"] = "SSL" },
            ProducerSettings = { ["enable.idempotence"] = "false" },
        },
    };

    private static readonly SystemSettings Settings = new()
    {
        DataFolder = "/nowhere",
        ServiceSettings = new Dictionary<string, string>
        {
            ["Outbox:Shards"] = "3",
            ["Totals:History"] = "table",
            ["Logging:LogLevel:Default"] = "Debug",
        },
    };

    [Fact]
    public void Each_service_reaches_its_own_database()
    {
        Assert.Equal("Database=calculator", ServiceSettings.OfCalculator(Settings, Reach, "calculator-2")["Outbox:ConnectionString"]);
        Assert.Equal("Database=totals", ServiceSettings.OfTotals(Settings, Reach, "totals-3", ["http://c:1", "http://c:2"])["Inbox:ConnectionString"]);
    }

    [Fact]
    public void Each_instance_is_told_its_name()
    {
        Assert.Equal("calculator-2", ServiceSettings.OfCalculator(Settings, Reach, "calculator-2")["Calculator:Instance"]);
        Assert.Equal("totals-3", ServiceSettings.OfTotals(Settings, Reach, "totals-3", [])["Totals:Instance"]);
    }

    [Theory]
    [InlineData("totals")]
    [InlineData("tally-7-totals")]
    public void The_Calculator_waits_for_the_confirmations_of_the_group_that_Totals_is_in(string group)
    {
        var reach = Reach with { Kafka = Reach.Kafka with { GroupId = group } };

        Assert.Equal(group, ServiceSettings.OfTotals(Settings, reach, "totals-1", [])["Inbox:GroupId"]);
        Assert.Equal(group, ServiceSettings.OfCalculator(Settings, reach, "calculator-1")["Outbox:Consumers"]);
    }

    [Fact]
    public void Totals_is_told_where_all_Calculators_are() => Assert.Equal(
        "http://c:1,http://c:2", ServiceSettings.OfTotals(Settings, Reach, "totals-1", ["http://c:1", "http://c:2"])["Totals:Calculators"]);

    [Fact]
    public void A_further_setting_goes_to_whom_it_names_and_a_common_one_to_both()
    {
        var calculator = ServiceSettings.OfCalculator(Settings, Reach, "calculator-2");
        var totals = ServiceSettings.OfTotals(Settings, Reach, "totals-3", ["http://c:1", "http://c:2"]);

        Assert.Equal("3", calculator["Outbox:Shards"]);
        Assert.Equal("table", totals["Totals:History"]);
        Assert.False(calculator.ContainsKey("Totals:History"));
        Assert.False(totals.ContainsKey("Outbox:Shards"));
        Assert.All([calculator, totals], settings => Assert.Equal("Debug", settings["Logging:LogLevel:Default"]));
    }

    [Fact]
    public void Only_the_producer_is_told_what_is_for_producers()
    {
        var calculator = ServiceSettings.OfCalculator(Settings, Reach, "calculator-2");
        var totals = ServiceSettings.OfTotals(Settings, Reach, "totals-3", ["http://c:1", "http://c:2"]);

        Assert.Equal(("SSL", "false"), (calculator["Outbox:Kafka:Settings:security.protocol"], calculator["Outbox:Kafka:Settings:enable.idempotence"]));
        Assert.Equal("SSL", totals["Inbox:Kafka:Settings:security.protocol"]);
        Assert.False(totals.ContainsKey("Inbox:Kafka:Settings:enable.idempotence"));
    }
}
