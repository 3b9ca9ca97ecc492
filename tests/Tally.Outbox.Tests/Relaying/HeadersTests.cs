using System.Text;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Relaying;

[Collection(PostgresCollection.Name)]
public sealed class HeadersTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task Headers_travel_with_their_message()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.HandOffCapacity = 0;
        });

        await host.Outbox.AppendAsync(new([1], topic, Headers: new Dictionary<string, string> { ["traceparent"] = "00-1-2-01" }));

        var header = Assert.Single(Assert.Single(environment.Consume(topic, 1)).Headers);
        Assert.Equal(("traceparent", "00-1-2-01"), (header.Key, Encoding.UTF8.GetString(header.GetValueBytes())));
    }

    [KafkaFact]
    public async Task Whoever_wants_CloudEvents_gets_their_headers_with_an_id_that_stays()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, WithCloudEvents);

        var position = await host.Outbox.AppendAsync(new([1], topic, "one", new Dictionary<string, string> { ["traceparent"] = "00-1-2-01" }));
        await host.Outbox.AppendAsync(new([1], topic, "one", new Dictionary<string, string> { ["ce_id"] = "its own", ["content-type"] = "text/plain" }));
        await Eventually.TrueAsync(async () => (await host.Reader.GetPositionsAsync())[position.Shard].Relayed == 2, OutboxHost.Soon);
        await host.DisposeAsync();

        // By another owner, in another epoch.
        await using var next = await OutboxHost.StartAsync(database.ConnectionString, WithCloudEvents);
        await next.ExecuteAsync($"UPDATE outbox.progress SET rewind_id = gen_random_uuid(), rewind_from = 1 WHERE shard = {position.Shard}");

        // The last two are the first two once more.
        var messages = environment.Consume(topic, 4).Select(message => message.Headers.ToDictionary(header => header.Key, header => Encoding.UTF8.GetString(header.GetValueBytes()))).ToArray();
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["traceparent"] = "00-1-2-01",
                ["ce_specversion"] = "1.0",
                ["ce_id"] = $"{position.Shard}.{position.Epoch}.1",
                ["ce_source"] = $"urn:uuid:{position.System}",
                ["ce_type"] = "of.a.test",
                ["content-type"] = "application/octet-stream",
            },
            messages[0]);
        Assert.Equal(("its own", "text/plain", "of.a.test"), (messages[1]["ce_id"], messages[1]["content-type"], messages[1]["ce_type"]));
        Assert.Equal(5, messages[1].Count);
        Assert.Equal(messages[..2], messages[2..]);

        void WithCloudEvents(OutboxOptions options)
        {
            Relaying(options);
            options.CloudEventType = "of.a.test";
            options.CloudEventContentType = "application/octet-stream";
        }
    }

    private void Relaying(OutboxOptions options)
    {
        options.RelayEnabled = true;
        environment.Kafka.CopyTo(options.Kafka);
    }
}
