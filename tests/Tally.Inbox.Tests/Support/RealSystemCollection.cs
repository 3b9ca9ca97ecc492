using Tally.TestSupport;

namespace Tally.Inbox.Tests.Support;

/// <summary>The tests of this project share the environment that starts PostgreSQL and Kafka once.</summary>
[CollectionDefinition(Name)]
public sealed class RealSystemCollection : ICollectionFixture<TestEnvironment>
{
    public const string Name = "real PostgreSQL and Kafka";
}
