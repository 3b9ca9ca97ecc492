using Tally.AppHost.Proof;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands.Demo;

/// <summary>One caller's own books. Only that caller writes them; others read them when it has ended.</summary>
internal sealed class CallerBooks
{
    private readonly Dictionary<int, Position> _last = [];

    private Books _books;

    /// <summary>What the caller knows.</summary>
    public Books Books => _books;

    /// <summary>The last position it was answered from each shard.</summary>
    public IReadOnlyCollection<Position> LastPositions => _last.Values;

    /// <summary>How the first call that wasn't answered OK in the end failed.</summary>
    public string? FirstFailure { get; private set; }

    public void Accept(RandomSum sum, AddReply reply)
    {
        if (reply.Result != sum.Sum.ToString())
        {
            _books = _books with { Wrong = _books.Wrong + 1 };
            FirstFailure ??= $"{sum.A} + {sum.B} was answered with {reply.Result}.";
        }

        _books = _books with { Accepted = _books.Accepted.Plus(sum.Sum) };
        if (!_last.TryGetValue(reply.Position.Shard, out var last) || IsBehind(last, reply.Position))
        {
            _last[reply.Position.Shard] = reply.Position;
        }
    }

    /// <summary>A call that is not sent again.</summary>
    /// <param name="mayBeStored">Whether nobody knows if it is stored.</param>
    /// <param name="failure">How it failed at last.</param>
    public void Fail(bool mayBeStored, string failure)
    {
        _books = mayBeStored ? _books with { Unknown = _books.Unknown + 1 } : _books with { Refused = _books.Refused + 1 };
        FirstFailure ??= failure;
    }

    /// <summary>Whether a position lies before another one of the same shard.</summary>
    public static bool IsBehind(Position position, Position other) =>
        (position.Epoch, position.Sequence).CompareTo((other.Epoch, other.Sequence)) < 0;
}
