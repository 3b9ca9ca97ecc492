namespace Tally.Outbox.Writing;

/// <summary>What the lease keeper tells whoever holds a shard in this process. Any thread.</summary>
internal interface IShardHolder
{
    /// <summary>The shard is free or ours, so claim it; or it is somebody else's, so let it go.</summary>
    void AllowClaim(bool allowed);

    /// <summary>The shard is ours, and another instance shall have it: commit what waits, take nothing new, then let it go.</summary>
    void Leave();
}
