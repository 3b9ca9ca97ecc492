using System.Net.Sockets;
using Npgsql;
using Tally.AppHost.Commands;

namespace Tally.AppHost.Proof;

/// <summary>How long to go on asking: a part of the system may be away for a moment, or behind.</summary>
internal sealed class Patience(TimeProvider time, TimeSpan timeout)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>How long one question may take when time is nearly over, so that whoever is there is heard.</summary>
    private static readonly TimeSpan ShortestAsk = TimeSpan.FromSeconds(2);

    private readonly long _began = time.GetTimestamp();

    private bool IsOver => time.GetElapsedTime(_began) >= timeout;

    /// <summary>Asks until there is an answer.</summary>
    /// <exception cref="CommandException">There was none in time.</exception>
    public Task<T> AskAsync<T>(string who, Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken) =>
        WaitAsync(who, ask, _ => true, cancellationToken);

    /// <summary>Asks for what may take as long as there is much of it, until there is an answer.</summary>
    /// <exception cref="CommandException">It failed, and time is over.</exception>
    public Task<T> AskForAllAsync<T>(string who, Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken) =>
        AskAgainAsync(who, ask, _ => true, cancellationToken);

    /// <summary>Asks until the answer is good enough, or time is over: then the last answer counts.</summary>
    /// <exception cref="CommandException">There was none at all in time.</exception>
    public Task<T> WaitAsync<T>(
        string who, Func<CancellationToken, Task<T>> ask, Func<T, bool> enough, CancellationToken cancellationToken) =>
        AskAgainAsync(who, token => BoundedAsync(ask, token), enough, cancellationToken);

    private async Task<T> BoundedAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        var left = timeout - time.GetElapsedTime(_began);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(left > ShortestAsk ? left : ShortestAsk);

        // Not every question heeds its token: a connection that is being made to a frozen server waits for it, whoever gives up.
        return await ask(bounded.Token).WaitAsync(bounded.Token);
    }

    private async Task<T> AskAgainAsync<T>(
        string who, Func<CancellationToken, Task<T>> ask, Func<T, bool> enough, CancellationToken cancellationToken)
    {
        while (true)
        {
            var asked = time.GetTimestamp();
            try
            {
                var answer = await ask(cancellationToken);
                if (enough(answer) || IsOver)
                {
                    return answer;
                }
            }
            catch (Exception failure) when (IsPassing(failure, cancellationToken))
            {
                if (IsOver)
                {
                    var reason = failure is OperationCanceledException ? "it doesn't answer." : failure.Message;
                    throw CommandException.Unavailable($"{who} can't be read: {reason}", failure);
                }
            }

            // What takes long to answer is asked less often.
            var took = time.GetElapsedTime(asked);
            await Task.Delay(took > ShortestPause ? took : ShortestPause, time, cancellationToken);
        }
    }

    private static bool IsPassing(Exception failure, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && failure is (NpgsqlException or HttpRequestException or SocketException or IOException or OperationCanceledException);
}
