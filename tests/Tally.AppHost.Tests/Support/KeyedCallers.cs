using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Tally.AppHost.Commands.Chaos;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Proof;
using Tally.Contracts.V1;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>Callers who send each sum again, with its key, until it is answered, and write down how it failed before.</summary>
internal sealed class KeyedCallers : IAsyncDisposable
{
    /// <summary>Calls a second.</summary>
    public const int Rate = 200;

    private const int Callers = 16;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    // A busy machine may be late to see that a deadline is over.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly ChaosLoad _load = new(new RandomSums(1), Rate, TimeProvider.System);
    private readonly ConcurrentQueue<(long Sent, StatusCode Code, string Detail)> _failures = [];
    private readonly CancellationTokenSource _disposed = new();
    private readonly string _keys = $"{Guid.NewGuid():N}-";
    private readonly GrpcChannel _channel;
    private readonly Calculator.CalculatorClient _client;
    private readonly Task<Books[]> _calling;

    public KeyedCallers(string address)
    {
        _channel = GrpcChannel.ForAddress(address);
        _client = new Calculator.CalculatorClient(_channel);
        _calling = Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(CallAsync)));
    }

    /// <summary>The attempts that failed.</summary>
    public IReadOnlyCollection<(long Sent, StatusCode Code, string Detail)> Failures => _failures;

    /// <summary>Waits until a call is answered OK that began after a moment.</summary>
    public async Task AnsweredAsync(long since, TimeSpan patience)
    {
        var answered = _load.WaitForAnswerAsync(since, _disposed.Token);
        await (await Task.WhenAny(answered, _calling).Within(patience));
    }

    /// <summary>Waits until an attempt fails that began after a moment.</summary>
    public Task FailedAsync(long since, TimeSpan patience) => Eventually.TrueAsync(() => _failures.Any(failure => failure.Sent >= since), patience);

    /// <summary>No new calls; those under way go on until they are answered.</summary>
    public async Task<Books> EndAsync(TimeSpan patience)
    {
        _load.End();
        return (await _calling.Within(patience)).Aggregate((sum, books) => sum + books);
    }

    public async ValueTask DisposeAsync()
    {
        _load.End();
        await _disposed.CancelAsync();
        await ((Task)_calling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _channel.Dispose();
        _load.Dispose();
        _disposed.Dispose();
    }

    private async Task<Books> CallAsync()
    {
        var books = new CallerBooks();
        while (await _load.TakeAsync(_disposed.Token) is { } call)
        {
            var request = new AddRequest { A = call.Sum.A, B = call.Sum.B, IdempotencyKey = $"{_keys}{call.Number}" };
            while (!await AttemptAsync(request, call, books))
            {
                await Task.Delay(Pause, _disposed.Token);
            }

            _load.Done(call, isAnswered: true);
        }

        return books.Books;
    }

    private async Task<bool> AttemptAsync(AddRequest request, NumberedSum call, CallerBooks books)
    {
        var sent = Stopwatch.GetTimestamp();
        try
        {
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + Deadline;
            books.Accept(call.Sum, await _client.AddAsync(request, deadline: deadline, cancellationToken: _disposed.Token).ResponseAsync.Within(Deadline + Slack));
            return true;
        }
        catch (RpcException failure)
        {
            _disposed.Token.ThrowIfCancellationRequested();
            _failures.Enqueue((sent, failure.StatusCode, failure.Status.Detail));
            return false;
        }
    }
}
