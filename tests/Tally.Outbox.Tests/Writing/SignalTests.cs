using Tally.Outbox.Writing;

namespace Tally.Outbox.Tests.Writing;

public sealed class SignalTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_signal_that_came_first_is_kept_once()
    {
        var signal = new Signal();
        signal.Raise();
        signal.Raise();

        Assert.True(signal.WaitAsync().AsTask().IsCompleted);

        var second = signal.WaitAsync().AsTask();
        Assert.False(second.IsCompleted);
        signal.Raise();
        await second.WaitAsync(Soon);
    }

    [Fact]
    public async Task No_signal_is_lost_between_two_threads()
    {
        const int Rounds = 100_000;
        var (ping, pong) = (new Signal(), new Signal());
        var other = Task.Run(async () =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                await ping.WaitAsync();
                pong.Raise();
            }
        });
        for (var round = 0; round < Rounds; round++)
        {
            ping.Raise();
            await pong.WaitAsync();
        }

        await other.WaitAsync(Soon);
    }
}
