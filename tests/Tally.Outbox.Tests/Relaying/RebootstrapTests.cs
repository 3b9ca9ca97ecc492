using Confluent.Kafka;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Relaying;

public sealed class RebootstrapTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly Client _client = new();
    private readonly Rebootstrap _rebootstrap;

    public RebootstrapTests() => _rebootstrap = new Rebootstrap(_time, "a:1,b:2");

    [Fact]
    public void Brokers_that_go_away_and_stay_away_are_added_once()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            _rebootstrap.OnAllDown(_client);
            _time.Advance(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(["a:1,b:2"], _client.Added);
    }

    [Fact]
    public void Brokers_that_go_away_later_are_added_again()
    {
        _rebootstrap.OnAllDown(_client);
        _time.Advance(TimeSpan.FromMinutes(1));
        _rebootstrap.OnAllDown(_client);

        Assert.Equal(2, _client.Added.Count);
    }

    public void Dispose() => _client.Dispose();

    private sealed class Client : IClient
    {
        public List<string> Added { get; } = [];

        public Handle Handle => throw new NotSupportedException();

        public string Name => "client";

        public int AddBrokers(string brokers)
        {
            Added.Add(brokers);
            return brokers.Split(',').Length;
        }

        public void SetSaslCredentials(string username, string password) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
