using Tally.AppHost.Commands;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Commands;

public sealed class LogCopyTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _log = Path.Combine(Path.GetTempPath(), $"tally-log-{Guid.NewGuid():N}.log");
    private readonly string _target = Path.Combine(Path.GetTempPath(), $"tally-log-{Guid.NewGuid():N}.copy");
    private readonly StringWriter _copy = new();

    public void Dispose()
    {
        _copy.Dispose();
        File.Delete(_log);
        File.Delete(_target);
    }

    [Fact]
    public async Task All_that_is_there_is_copied()
    {
        await File.WriteAllTextAsync(_log, "one\ntwo\n");

        await new LogCopy(_log).CopyAsync(_copy, CancellationToken.None).Within(Patience);

        Assert.Equal("one\ntwo\n", _copy.ToString());
    }

    [Fact]
    public async Task What_comes_later_is_followed_until_it_is_stopped()
    {
        using var stop = new CancellationTokenSource();
        await using var to = new StreamWriter(_target);
        var following = LogCopy.FromNow(_log).FollowAsync(to, TimeProvider.System, stop.Token);

        await File.AppendAllTextAsync(_log, "one\n");
        await Eventually.TrueAsync(async () => await File.ReadAllTextAsync(_target) == "one\n", Patience);
        await File.AppendAllTextAsync(_log, "two\n");
        await stop.CancelAsync();
        await following.Within(Patience);

        Assert.Equal("one\ntwo\n", await File.ReadAllTextAsync(_target));
    }

    [Fact]
    public async Task A_log_that_never_comes_can_be_given_up()
    {
        using var stop = new CancellationTokenSource();
        var following = new LogCopy(_log).FollowAsync(_copy, TimeProvider.System, stop.Token);

        await stop.CancelAsync();
        await following.Within(Patience);

        Assert.Empty(_copy.ToString());
    }
}
