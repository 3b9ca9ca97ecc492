using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Chaos;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Hosting;
using Tally.AppHost.Proof;
using Tally.Contracts.V1;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>Callers with keys that add at a steady rate, each sending again until it is answered, and the proof at the end.</summary>
internal sealed class SteadyLoad : ICallSource, IAsyncDisposable
{
    /// <summary>Fewer than an HTTP/2 connection carries calls.</summary>
    private const int Callers = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly LocalSystem _system;
    private readonly ChaosLoad _load;
    private readonly GrpcChannel[] _channels;
    private readonly Caller[] _callers;
    private readonly Task _calls;
    private readonly CancellationTokenSource _end = new();
    private long _answered;
    private long _longest;

    private SteadyLoad(LocalSystem system, int rate, TimeSpan deadline)
    {
        _system = system;
        Outbox = system.Connections.Calculator.ConnectionString;
        _load = new ChaosLoad(new RandomSums(1), rate, TimeProvider.System);
        _channels = [.. system.AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc).Select(address => GrpcChannel.ForAddress(address))];
        var clients = _channels.Select(channel => new WatchedClient(channel, Failures)).ToArray();
        var habits = CallerHabits.New() with { GiveUpAfter = Patience, Deadline = deadline };
        _callers = [.. Enumerable.Range(0, Callers).Select(at => new Caller([.. clients.Skip(at % 2), .. clients.Take(at % 2)], this, habits, TimeProvider.System))];
        _calls = Task.WhenAll(_callers.Select(caller => Task.Run(() => caller.RunAsync(_end.Token))));
    }

    /// <summary>The database that results are stored in; the system's own unless a test uses another.</summary>
    public string Outbox { get; set; }

    /// <summary>How many calls were answered OK.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>How attempts failed that were made again.</summary>
    public ConcurrentDictionary<StatusCode, int> Failures { get; } = new();

    /// <summary>Begins, and returns when the first call was answered.</summary>
    /// <param name="system">The system.</param>
    /// <param name="rate">Calls a second.</param>
    /// <param name="deadline">How long an attempt may take; 5 s unless said.</param>
    public static async Task<SteadyLoad> BeginAsync(LocalSystem system, int rate = 200, TimeSpan? deadline = null)
    {
        var load = new SteadyLoad(system, rate, deadline ?? TimeSpan.FromSeconds(5));
        try
        {
            await load.AnswersAgainAsync(Patience);
            return load;
        }
        catch
        {
            await load.DisposeAsync();
            throw;
        }
    }

    public async ValueTask<NumberedSum?> TakeAsync(CancellationToken cancellationToken) => await _load.TakeAsync(cancellationToken);

    public void Done(NumberedSum call, bool isAnswered)
    {
        var took = TimeProvider.System.GetElapsedTime(call.TakenAt).Ticks;
        for (var before = Interlocked.Read(ref _longest); took > before;)
        {
            var now = Interlocked.CompareExchange(ref _longest, took, before);
            if (now == before)
            {
                break;
            }

            before = now;
        }

        if (isAnswered)
        {
            Interlocked.Increment(ref _answered);
        }

        _load.Done(call, isAnswered);
    }

    /// <summary>Waits until a call is answered OK that begins now or later.</summary>
    public Task AnswersAgainAsync(TimeSpan within) =>
        _load.WaitForAnswerAsync(TimeProvider.System.GetTimestamp(), CancellationToken.None).Within(within);

    /// <summary>Sees for a while that calls which begin meanwhile are answered, each soon.</summary>
    public async Task AnswersAllAlongAsync(TimeSpan time, TimeSpan soon)
    {
        for (var began = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(began) < time;)
        {
            await AnswersAgainAsync(soon);
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }
    }

    /// <summary>The longest call from its first attempt to its answer that has ended since this was asked for the last time.</summary>
    public TimeSpan TakeLongestCall() => TimeSpan.FromTicks(Interlocked.Exchange(ref _longest, 0));

    /// <summary>No further calls; returns when those under way were answered, and the total holds them.</summary>
    /// <param name="totals">The only Totals that is asked; all of them when null.</param>
    public async Task EndAsync(string? totals = null)
    {
        _load.End();
        await _calls.Within(Patience + TimeSpan.FromSeconds(30));
        var addresses = totals is null
            ? _system.AddressesOf(ServiceNames.Totals, ComponentNames.Grpc)
            : [_system.State.Components[totals].Endpoints[ComponentNames.Grpc]];
        await new TotalWait(addresses, TimeProvider.System)
            .ForAsync(TotalWait.LastOf(_callers.Select(caller => caller.Books)), Patience, CancellationToken.None).Within(2 * Patience);
    }

    /// <summary>Ends, and sees that every call was answered in the end, and is stored, published and counted once.</summary>
    /// <param name="further">Others that added, too.</param>
    public async Task ProveAsync(params SteadyLoad[] further)
    {
        SteadyLoad[] all = [this, .. further];
        foreach (var load in all)
        {
            await load.EndAsync();
        }

        var callers = all.SelectMany(load => load._callers).ToArray();
        var books = callers.Aggregate(default(Books), (sum, caller) => sum + caller.Books.Books);
        Assert.Null(callers.Select(caller => caller.Books.FirstFailure).FirstOrDefault(failure => failure is not null));
        Assert.Equal((0, 0, 0), (books.Unknown, books.Refused, books.Wrong));
        await using var sources = new LiveSources(
            Outbox, _system.AddressesOf(ServiceNames.Totals, ComponentNames.Http));
        var evidence = await new ProofRun(sources, TimeProvider.System).CollectAsync(Patience, _ => { }, CancellationToken.None).Within(2 * Patience);
        Assert.Empty(Judge.ProblemsOf(evidence, books));
        Assert.True(evidence.Applied.Count > 0);
    }

    public async ValueTask DisposeAsync()
    {
        _load.End();
        await _end.CancelAsync();
        await _calls.Within(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Array.ForEach(_channels, channel => channel.Dispose());
        _load.Dispose();
        _end.Dispose();
    }

    private sealed class WatchedClient(GrpcChannel channel, ConcurrentDictionary<StatusCode, int> failures) : Calculator.CalculatorClient(channel)
    {
        public override AsyncUnaryCall<AddReply> AddAsync(
            AddRequest request, Metadata? headers = null, DateTime? deadline = null, CancellationToken cancellationToken = default)
        {
            var call = base.AddAsync(request, headers, deadline, cancellationToken);
            _ = call.ResponseAsync.ContinueWith(
                ended => failures.AddOrUpdate(((RpcException)ended.Exception!.InnerException!).StatusCode, 1, (_, count) => count + 1),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            return call;
        }
    }
}
