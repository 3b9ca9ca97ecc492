using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Chaos;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Hosting;
using Tally.AppHost.Proof;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>Callers with keys, who go on until they are told to end and know what they were promised.</summary>
internal sealed class Callers : IAsyncDisposable
{
    private const int Count = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static int _systems;

    private readonly ChaosLoad _load;
    private readonly CalculatorChannels _channels;
    private readonly Caller[] _callers;
    private readonly Task _calls;

    private Callers(WholeSystem system, int rate)
    {
        _load = new ChaosLoad(NewSums(), rate, TimeProvider.System);
        (_channels, _callers) = Gather(system, _load);
        _calls = RunAsync(_callers);
    }

    /// <summary>Lets them add so many a second.</summary>
    public static Callers Start(WholeSystem system, int rate) => new(system, rate);

    /// <summary>Lets them add so many as fast as they can.</summary>
    public static async Task<Books> AddAsync(WholeSystem system, int calls, TimeSpan patience)
    {
        var (channels, callers) = Gather(system, new DemoWork(NewSums(), calls));
        using (channels)
        {
            await RunAsync(callers).Within(patience);
        }

        return BooksOf(callers);
    }

    /// <summary>Waits until so many further calls have ended.</summary>
    public async Task GoOnAsync(int calls)
    {
        var wanted = _load.DoneCalls + calls;
        await Eventually.TrueAsync(() => _load.DoneCalls >= wanted || _calls.IsCompleted, Patience);
        Assert.False(_calls.IsCompleted);
    }

    /// <summary>Ends the load, once every call under way has its answer.</summary>
    public async Task<Books> EndAsync()
    {
        _load.End();
        await _calls.Within(Patience);
        return BooksOf(_callers);
    }

    public async ValueTask DisposeAsync()
    {
        _load.End();
        await ((Task)_calls.WaitAsync(Patience)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _channels.Dispose();
        _load.Dispose();
    }

    private static RandomSums NewSums() => new(Interlocked.Increment(ref _systems));

    private static (CalculatorChannels Channels, Caller[] Callers) Gather(WholeSystem system, ICallSource work)
    {
        var channels = new CalculatorChannels(system.System.AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc), Count);
        var habits = CallerHabits.New();
        return (channels, [.. Enumerable.Range(0, Count).Select(at => new Caller(channels.ClientsOf(at), work, habits, TimeProvider.System))]);
    }

    private static Task RunAsync(Caller[] callers) =>
        Task.WhenAll(callers.Select(caller => Task.Run(() => caller.RunAsync(CancellationToken.None))));

    private static Books BooksOf(Caller[] callers)
    {
        Assert.All(callers, caller => Assert.Null(caller.Books.FirstFailure));
        return callers.Aggregate(default(Books), (sum, caller) => sum + caller.Books.Books);
    }
}
