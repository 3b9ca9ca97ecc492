namespace Tally.Inbox.Folding;

/// <summary>
/// An even sample of when a fold's events were committed by their sender: every event of a small fold, every n-th of a large one, so that measuring
/// costs next to nothing under load and no part of a fold is favoured.
/// </summary>
internal sealed class CommitTimes
{
    private const int Limit = 64;
    private readonly List<long> _unixMicros = [];
    private int _stride = 1;
    private int _seen;

    public IReadOnlyList<long> UnixMicros => _unixMicros;

    public void Add(long unixMicros)
    {
        if (_seen++ % _stride != 0 || unixMicros == 0)
        {
            return;
        }

        if (_unixMicros.Count == Limit)
        {
            Thin();
            if ((_seen - 1) % _stride != 0)
            {
                return;
            }
        }

        _unixMicros.Add(unixMicros);
    }

    private void Thin()
    {
        for (var i = 0; i < Limit / 2; i++)
        {
            _unixMicros[i] = _unixMicros[2 * i];
        }

        _unixMicros.RemoveRange(Limit / 2, Limit / 2);
        _stride *= 2;
    }
}
