namespace Tally.AppHost.Tests.Chaos;

/// <summary>Tests that start whole systems and look at how long things take: one at a time, since each needs the whole machine.</summary>
[CollectionDefinition(nameof(WholeSystems), DisableParallelization = true)]
public sealed class WholeSystems;
