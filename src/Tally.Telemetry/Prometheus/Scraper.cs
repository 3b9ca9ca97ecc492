using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;

namespace Tally.Telemetry.Prometheus;

/// <summary>
/// Collects for whoever scrapes. At most one collection runs; everybody who asks while it runs shares the next one, so a thousand scrapes at once cost two
/// collections, nobody blocks a thread, and each text was collected after it was asked for. The text is whole in memory before anybody sends it,
/// so a slow reader holds up nobody.
/// </summary>
internal sealed class Scraper(PrometheusExporter exporter, MetricReader reader, ILogger<PrometheusExporter> log)
{
    private readonly Lock _gate = new();

    // Under the lock: the round that is asked for and not begun, and the task that runs rounds until none is.
    private Round? _next;
    private Task _rounds = Task.CompletedTask;
    private bool _running;

    /// <summary>The text of a collection that begins after this call.</summary>
    public Task<byte[]> ScrapeAsync(TextFormat format)
    {
        lock (_gate)
        {
            _next ??= new Round();
            var text = _next.Ask(format);
            if (!_running)
            {
                _running = true;
                _rounds = Task.Run(RunRounds);
            }

            return text;
        }
    }

    /// <summary>Completes when no collection runs. For the end of the process.</summary>
    public Task FinishAsync()
    {
        lock (_gate)
        {
            return _rounds;
        }
    }

    private void RunRounds()
    {
        while (true)
        {
            Round round;
            lock (_gate)
            {
                if (_next is null)
                {
                    _running = false;
                    return;
                }

                round = _next;
                _next = null;
            }

            Run(round);
        }
    }

    private void Run(Round round)
    {
        try
        {
            round.CopyWanted(exporter.Wanted);
            if (!reader.Collect())
            {
                throw new InvalidOperationException("The metrics could not be collected.");
            }

            round.Complete(exporter.Texts);
        }
#pragma warning disable CA1031 // Whatever goes wrong belongs to those who wait for this round, and must not end the ones after it.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Log.CollectionFailed(log, fault);
            round.Fail(fault);
        }
    }

    private sealed class Round
    {
        private readonly TaskCompletionSource<byte[]>?[] _texts = new TaskCompletionSource<byte[]>?[TextFormats.Count];

        public Task<byte[]> Ask(TextFormat format) =>
            (_texts[(int)format] ??= new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public void CopyWanted(bool[] wanted)
        {
            for (var i = 0; i < wanted.Length; i++)
            {
                wanted[i] = _texts[i] is not null;
            }
        }

        public void Complete(byte[]?[] texts)
        {
            for (var i = 0; i < texts.Length; i++)
            {
                _texts[i]?.SetResult(texts[i] ?? []);
            }
        }

        public void Fail(Exception fault)
        {
            foreach (var text in _texts)
            {
                text?.TrySetException(fault);
            }
        }
    }
}
