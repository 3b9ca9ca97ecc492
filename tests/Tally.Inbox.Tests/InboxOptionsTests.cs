using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Tally.Inbox.Consuming;
using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests;

/// <summary>Wrong settings stop the start and say what is wrong.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class InboxOptionsTests(TestEnvironment environment)
{
    [Fact]
    public void The_defaults_need_a_connection_string_only()
    {
        Assert.Equal(["Inbox:ConnectionString is empty; allowed: a value (this setting is required)."], Faults(_ => { }));
        Assert.Empty(Faults(options => options.ConnectionString = "Host=x"));
    }

    [Fact]
    public void A_connection_string_that_cannot_be_read_is_named_without_its_password()
    {
        var fault = Assert.Single(Faults(options => options.ConnectionString = "Host=x;Password=hidden;Colour=red"));

        Assert.StartsWith("Inbox:ConnectionString can't be read", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_string_without_a_host_is_refused_before_anything_connects() =>
        Assert.StartsWith("Inbox:ConnectionString can't be read", Assert.Single(Faults(options => options.ConnectionString = "Database=x")), StringComparison.Ordinal);

    [Fact]
    public void A_value_out_of_its_limits_is_named_with_them() => Assert.Equal(
        [
            "Inbox:Schema is 'a-b'; allowed: what matches [a-z_][a-z0-9_]{0,62}.",
            "Inbox:SessionTimeout is '00:00:00.5'; allowed: 00:00:01 to 00:30:00.",
            "Inbox:KeepFolds is '0'; allowed: 1 to 1000000.",
        ],
        Faults(options => (options.ConnectionString, options.Schema, options.SessionTimeout, options.KeepFolds) = ("Host=x", "a-b", TimeSpan.FromSeconds(0.5), 0)));

    [Fact]
    public void A_consumer_is_not_given_up_before_the_group_could_have_answered() => Assert.Equal(
        ["Inbox:JoinTimeout is '00:00:10'; allowed: at least twice Inbox:SessionTimeout, which is '00:00:06'."],
        Faults(options => (options.ConnectionString, options.JoinTimeout) = ("Host=x", TimeSpan.FromSeconds(10))));

    [Theory]
    [InlineData("no.such.setting", "1")]
    [InlineData("fetch.min.bytes", "many")]
    public void A_setting_that_Kafka_does_not_know_is_refused(string name, string value)
    {
        var options = new InboxOptions();
        environment.Kafka.CopyTo(options.Kafka);
        options.Kafka.Settings[name] = value;

        var refusal = Assert.Throws<OptionsValidationException>(() => ConsumerSettings.Check(options));

        Assert.Contains(name, Assert.Single(refusal.Failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auto.offset.reset", "latest", "Inbox:Kafka:Settings:auto.offset.reset is 'latest'; allowed: earliest")]
    [InlineData("enable.auto.offset.store", "true", "Inbox:Kafka:Settings:enable.auto.offset.store is 'true'; allowed: false")]
    [InlineData("partition.assignment.strategy", "cooperative-sticky", "Inbox:Kafka:Settings:partition.assignment.strategy is 'cooperative-sticky'; allowed: range")]
    public void A_setting_of_Kafka_that_would_break_a_promise_is_refused(string name, string value, string why)
    {
        var options = new InboxOptions();
        options.Kafka.Settings[name] = value;

        var refusal = Assert.Throws<OptionsValidationException>(() => ConsumerSettings.Check(options));

        Assert.StartsWith(why, Assert.Single(refusal.Failures), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Faults(Action<InboxOptions> configure)
    {
        using var services = new ServiceCollection().AddTallyInbox<NumberHandler, long, Number>(configure).BuildServiceProvider();
        try
        {
            _ = services.GetRequiredService<IOptions<InboxOptions>>().Value;
            return [];
        }
        catch (OptionsValidationException refusal)
        {
            return refusal.Failures;
        }
    }
}
