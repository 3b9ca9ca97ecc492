using Grpc.Core;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands.Demo;

/// <summary>
/// A caller: takes the next numbers, has them added, writes down what it was answered, one call after the other. When a Calculator doesn't answer
/// it moves to the next one, and comes back after a while.
/// </summary>
/// <param name="clients">A client a Calculator, its own first.</param>
/// <param name="work">The calls.</param>
/// <param name="habits">What it does when a call isn't answered.</param>
/// <param name="time">The clock.</param>
internal sealed class Caller(IReadOnlyList<Calculator.CalculatorClient> clients, ICallSource work, CallerHabits habits, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private int _at;
    private long _ownFailed;

    public CallerBooks Books { get; } = new();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await work.TakeAsync(cancellationToken) is { } call)
        {
            work.Done(call, await CallAsync(call, cancellationToken));
        }
    }

    /// <returns>Whether it was answered OK.</returns>
    private async Task<bool> CallAsync(NumberedSum call, CancellationToken cancellationToken)
    {
        var request = new AddRequest
        {
            A = call.Sum.A,
            B = call.Sum.B,
            IdempotencyKey = habits.KeyPrefix is null ? "" : $"{habits.KeyPrefix}{call.Number}",
        };
        var began = time.GetTimestamp();
        if (_at != 0 && time.GetElapsedTime(_ownFailed) >= habits.ComeBackAfter)
        {
            _at = 0;
        }

        // Once one attempt may have been stored, the word that a later one wasn't says nothing of the first.
        var mayBeStored = false;
        for (var pause = FirstPause; ; pause = pause < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                var deadline = time.GetUtcNow().UtcDateTime + habits.Deadline;
                Books.Accept(call.Sum, await clients[_at].AddAsync(request, deadline: deadline, cancellationToken: cancellationToken));
                return true;
            }
            catch (RpcException failure)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var outcome = CallOutcomes.Of(failure);
                mayBeStored |= outcome == CallOutcome.Unknown;
                var maySendAgain = (outcome == CallOutcome.TryAgain && (habits.SendsRefusedAgain || mayBeStored)) || (outcome == CallOutcome.Unknown && habits.KeyPrefix is not null);
                if (!maySendAgain || time.GetElapsedTime(began) >= habits.GiveUpAfter)
                {
                    Books.Fail(mayBeStored, WordsOf(failure));
                    return false;
                }
            }

            if (_at == 0)
            {
                _ownFailed = time.GetTimestamp();
            }

            _at = (_at + 1) % clients.Count;
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private static string WordsOf(RpcException failure) => $"{GrpcCodes.NameOf(failure.StatusCode)}: {failure.Status.Detail}";
}
