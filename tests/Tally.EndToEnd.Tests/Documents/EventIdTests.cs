using System.Reflection;
using Microsoft.Extensions.Logging;

namespace Tally.EndToEnd.Tests.Documents;

/// <summary>Who looks for an event id in the logs finds one thing.</summary>
public sealed class EventIdTests
{
    [Fact]
    public void An_event_id_means_one_thing_in_all_projects()
    {
        Type[] oneOfEach =
        [
            typeof(Outbox.OutboxOptions), typeof(Inbox.InboxOptions), typeof(Totals.TotalsOptions), typeof(Calculator.CalculatorOptions),
            typeof(Telemetry.TallyTelemetryExtensions), typeof(global::Grpc.Core.RpcException),
        ];
        var ids = oneOfEach.SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => (Method: $"{method.DeclaringType}.{method.Name}", method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId))
            .Where(log => log.EventId is not null)
            .ToList();

        Assert.NotEmpty(ids);
        Assert.Empty(ids.GroupBy(log => log.EventId).Where(same => same.Count() > 1).Select(same => string.Join(", ", same)));
    }
}
