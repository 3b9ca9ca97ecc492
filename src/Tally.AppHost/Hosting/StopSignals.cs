using System.Runtime.InteropServices;

namespace Tally.AppHost.Hosting;

/// <summary>Ctrl-C, SIGTERM and a closed terminal: the first asks for a clean stop, the second for one at once.</summary>
public sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly CancellationTokenSource _atOnce = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _count;

    /// <summary>Listens from now on.</summary>
    public StopSignals()
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>Cancelled by the second signal.</summary>
    public CancellationToken AtOnce => _atOnce.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _asked.Dispose();
        _atOnce.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // The default would end this process before its children.
        context.Cancel = true;
        (Interlocked.Increment(ref _count) == 1 ? _asked : _atOnce).Cancel();
    }
}
