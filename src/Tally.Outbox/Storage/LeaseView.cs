namespace Tally.Outbox.Storage;

/// <summary>How shards and instances stand, as one instance sees it after a renewal.</summary>
/// <param name="Mine">The shards that it still holds.</param>
/// <param name="Free">The shards that nobody holds.</param>
/// <param name="Instances">How many instances are alive, this one included.</param>
/// <param name="Who">Which ones: a number that changes when one takes another's place.</param>
internal sealed record LeaseView(IReadOnlySet<int> Mine, IReadOnlySet<int> Free, int Instances, long Who)
{
    /// <summary>How many of so many shards an instance may hold: what is left over by an even division goes to whoever is first.</summary>
    public int ShareOf(int shards) => (shards + Instances - 1) / Math.Max(1, Instances);
}
