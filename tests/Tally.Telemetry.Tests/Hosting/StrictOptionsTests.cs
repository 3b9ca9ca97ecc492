using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Tally.Telemetry.Hosting;

namespace Tally.Telemetry.Tests.Hosting;

public class StrictOptionsTests
{
    [Fact]
    public void Right_settings_are_bound()
    {
        var options = Bound(
            ("Outbox:QueueCapacity", "5"), ("outbox:lease", "00:00:02.5"), ("Outbox:Mode", "fast"), ("Outbox:Kafka:BootstrapServers", "a:1"),
            ("Outbox:Kafka:Settings:sasl.username", "me"), ("Outbox:Topics:0", "x"), ("Outbox:Limit", ""), ("Other:Thing", "1"));

        Assert.Equal(5, options.QueueCapacity);
        Assert.Equal(TimeSpan.FromSeconds(2.5), options.Lease);
        Assert.Equal(Mode.Fast, options.Mode);
        Assert.Equal("a:1", options.Kafka.BootstrapServers);
        Assert.Equal("me", options.Kafka.Settings["sasl.username"]);
        Assert.Equal(["x"], options.Topics);
        Assert.Null(options.Limit);
    }

    [Theory]
    [InlineData("Outbox:QueueCapacty", "5", "Outbox:QueueCapacty is not a setting; did you mean Outbox:QueueCapacity?")]
    [InlineData("Outbox:Laese", "5", "Outbox:Laese is not a setting; did you mean Outbox:Lease?")]
    [InlineData("Outbox:Colour", "red", "Outbox:Colour is not a setting; known in Outbox: ConnectionString, Kafka, Lease, Limit, Mode, QueueCapacity, Share, Topics.")]
    [InlineData("Outbox:Kafka:Bootstrap", "a", "Outbox:Kafka:Bootstrap is not a setting; known in Outbox:Kafka: BootstrapServers, Settings.")]
    [InlineData("Outbox:Mode:Inner", "a", "Outbox:Mode:Inner is not a setting; Outbox:Mode takes a single value.")]
    [InlineData("Outbox:Derived", "1", "Outbox:Derived is not a setting; known in Outbox: ConnectionString, Kafka, Lease, Limit, Mode, QueueCapacity, Share, Topics.")]
    public void A_setting_that_nobody_reads_stops_the_start(string key, string value, string fault) => Assert.Equal([fault], Faults((key, value)));

    [Theory]
    [InlineData("Outbox:QueueCapacity", "many", "Outbox:QueueCapacity is 'many'; allowed: a whole number, 1 to 1000000.")]
    [InlineData("Outbox:QueueCapacity", "", "Outbox:QueueCapacity is empty; allowed: a whole number, 1 to 1000000.")]
    [InlineData("Outbox:QueueCapacity", "99999999999", "Outbox:QueueCapacity is '99999999999'; allowed: a whole number, 1 to 1000000.")]
    [InlineData("Outbox:Lease", "5", "Outbox:Lease is '5'; allowed: a time as hh:mm:ss (00:00:30, 00:00:00.250; with days 1.00:00:00), 00:00:00.1 to 00:01:00.")]
    [InlineData("Outbox:Mode", "quick", "Outbox:Mode is 'quick'; allowed: Safe, Fast.")]
    [InlineData("Outbox:Mode", "7", "Outbox:Mode is '7'; allowed: Safe, Fast.")]
    [InlineData("Outbox:Share", "half", "Outbox:Share is 'half'; allowed: a number, more than 0 to 1.")]
    [InlineData("Outbox:Kafka", "a:1", "Outbox:Kafka is 'a:1'; it is a section, its settings are Outbox:Kafka:NAME.")]
    [InlineData("Outbox:Kafka:Settings", "a=b", "Outbox:Kafka:Settings is 'a=b'; allowed: several values, Outbox:Kafka:Settings:KEY each.")]
    public void A_value_that_cannot_be_read_stops_the_start(string key, string value, string fault) => Assert.Equal([fault], Faults((key, value)));

    [Theory]
    [InlineData("Outbox:QueueCapacity", "0", "Outbox:QueueCapacity is '0'; allowed: 1 to 1000000.")]
    [InlineData("Outbox:Lease", "00:00:00.05", "Outbox:Lease is '00:00:00.05'; allowed: 00:00:00.1 to 00:01:00.")]
    [InlineData("Outbox:Share", "0", "Outbox:Share is '0'; allowed: more than 0 to 1.")]
    [InlineData("Outbox:Kafka:BootstrapServers", "", "Outbox:Kafka:BootstrapServers is empty; allowed: a value (this setting is required).")]
    [InlineData("Outbox:ConnectionString", "Password=hunter2", "Outbox:ConnectionString is set to a value that is not shown here; allowed: at most 10 characters.")]
    public void A_value_outside_its_limits_stops_the_start(string key, string value, string fault) => Assert.Equal([fault], Faults((key, value)));

    [Fact]
    public void Every_fault_is_told_at_once() => Assert.Equal(
        ["Outbox:Mode is 'x'; allowed: Safe, Fast.", "Outbox:Qu is not a setting; known in Outbox: ConnectionString, Kafka, Lease, Limit, Mode, QueueCapacity, Share, Topics."],
        Faults(("Outbox:Mode", "x"), ("Outbox:Qu", "5")));

    [Fact]
    public void Settings_that_contradict_each_other_are_told_when_each_is_right_by_itself() =>
        Assert.Equal(["Outbox:Share and Outbox:Limit exclude each other."], Faults(("Outbox:Share", "0.5"), ("Outbox:Limit", "3")));

    private static IEnumerable<string> Faults(params (string Key, string Value)[] settings) =>
        Assert.Throws<OptionsValidationException>(() => Bound(settings)).Failures;

    private static SomeOptions Bound(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build();
        var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration);
        services.AddStrictOptions<SomeOptions>("Outbox", CrossChecks);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<SomeOptions>>().Value;
    }

    private static IEnumerable<string> CrossChecks(SomeOptions options) =>
        options is { Limit: not null, Share: < 1 } ? ["Outbox:Share and Outbox:Limit exclude each other."] : [];

    private enum Mode
    {
        Safe,
        Fast,
    }

    private sealed class SomeOptions
    {
        [Range(1, 1_000_000)]
        public int QueueCapacity { get; set; } = 100;

        [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
        public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(10);

        public Mode Mode { get; set; }

        [Range(0.0, 1.0, MinimumIsExclusive = true)]
        public double Share { get; set; } = 1;

        public int? Limit { get; set; }

        [StringLength(10)]
        public string ConnectionString { get; set; } = "";

        public IList<string> Topics { get; } = [];

        public SomeKafkaOptions Kafka { get; set; } = new();

        public int Derived => QueueCapacity * 2;
    }

    private sealed class SomeKafkaOptions
    {
        [Required]
        public string BootstrapServers { get; set; } = "127.0.0.1:9092";

        public Dictionary<string, string> Settings { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
    }
}
