using Tally.TestSupport;

namespace Tally.Calculator.Tests.Support;

/// <summary>The tests of this project share the environment that starts PostgreSQL and Kafka once.</summary>
[CollectionDefinition(Name)]
public sealed class CalculatorCollection : ICollectionFixture<TestEnvironment>
{
    public const string Name = "real PostgreSQL and Kafka";
}
