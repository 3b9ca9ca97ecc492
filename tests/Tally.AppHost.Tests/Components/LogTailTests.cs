using Tally.AppHost.Components;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Components;

public sealed class LogTailTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Log => _folder.In("log");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_last_lines_are_those_of_this_run()
    {
        File.WriteAllText(Log, "of the run before\n");
        var tail = LogTail.FromNow(Log);
        File.AppendAllText(Log, "a\nb\nc\n");

        Assert.Equal(["b", "c"], tail.LastLines(2));
        Assert.Equal(["a", "b", "c"], tail.LastLines(10));
    }

    [Fact]
    public void A_log_that_is_not_there_has_no_lines() => Assert.Empty(LogTail.FromNow(Log).LastLines(3));

    [Fact]
    public async Task A_text_is_found_when_it_comes_in_pieces()
    {
        var tail = LogTail.FromNow(Log);
        var found = tail.WaitForAsync("Server started", CancellationToken.None);
        await File.AppendAllTextAsync(Log, "Kafka Ser");
        await Task.Yield();
        await File.AppendAllTextAsync(Log, "ver started\n");

        await found.Within(Processes.Soon);
    }
}
