using Tally.Outbox.Storage;

namespace Tally.Outbox.Writing;

/// <summary>The idempotency keys of the batch that is being built, each once: callers that share one stand in a row behind the first.</summary>
internal sealed class KeyCollector<TItem>
{
    private readonly Dictionary<string, PendingAppend<TItem>> _last = new(StringComparer.Ordinal);
    private readonly List<byte[]> _keys = [];
    private readonly List<byte[]> _fingerprints = [];
    private readonly List<int> _places = [];
    private int _followers;

    /// <summary>Adds a caller whose result is in the batch.</summary>
    public void Add(IdempotencyKey key, PendingAppend<TItem> caller, int place)
    {
        _last.Add(key.Value, caller);
        _keys.Add(key.Bytes);
        _fingerprints.Add(key.Fingerprint);
        _places.Add(place);
    }

    /// <summary>Lets a caller follow the one in the batch that has its key.</summary>
    /// <returns>False when the key is new.</returns>
    public bool TryFollow(IdempotencyKey key, PendingAppend<TItem> caller)
    {
        if (!_last.TryGetValue(key.Value, out var before))
        {
            return false;
        }

        before.Follower = caller;
        _last[key.Value] = caller;
        _followers++;
        return true;
    }

    /// <summary>The batch's keys, or null when it has none; then begins anew.</summary>
    /// <param name="followers">How many callers follow another one.</param>
    public BatchKeys? Take(out int followers)
    {
        followers = _followers;
        if (_keys.Count == 0)
        {
            return null;
        }

        var keys = new BatchKeys([.. _keys], [.. _fingerprints], [.. _places]);
        _last.Clear();
        _keys.Clear();
        _fingerprints.Clear();
        _places.Clear();
        _followers = 0;
        return keys;
    }
}
