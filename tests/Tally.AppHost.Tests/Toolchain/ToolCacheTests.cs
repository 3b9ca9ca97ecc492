using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.AppHost.Toolchain;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Toolchain;

public sealed class ToolCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _making = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _made;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Two_at_once_make_an_entry_once()
    {
        var first = Cache().GetAsync("tool-1", "tool", MakeAsync, CancellationToken.None);
        var second = Cache().GetAsync("tool-1", "tool", MakeAsync, CancellationToken.None);
        Assert.False(first.IsCompleted || second.IsCompleted);

        _making.SetResult();

        Assert.Equal(_folder.In("tool-1"), await first.Within(Processes.Soon));
        Assert.Equal(_folder.In("tool-1"), await second.Within(Processes.Soon));
        Assert.Equal(1, _made);
        Assert.Equal("made", await File.ReadAllTextAsync(_folder.In("tool-1/file")));
    }

    [Fact]
    public async Task An_entry_that_could_not_be_made_is_not_there_and_can_be_made_later()
    {
        await Assert.ThrowsAsync<SystemProblemException>(
            () => Cache().GetAsync("tool-1", "tool", (_, _) => throw new SystemProblemException("tool", "no"), CancellationToken.None));
        Assert.False(Cache().Has("tool-1"));

        _making.SetResult();
        await Cache().GetAsync("tool-1", "tool", MakeAsync, CancellationToken.None).Within(Processes.Soon);

        Assert.True(Cache().Has("tool-1"));
    }

    [Fact]
    public async Task What_a_killed_process_left_half_made_is_thrown_away()
    {
        Directory.CreateDirectory(_folder.In("tool-1.staging-1"));
        _making.SetResult();

        await Cache().GetAsync("tool-1", "tool", MakeAsync, CancellationToken.None).Within(Processes.Soon);

        Assert.Equal(["tool-1"], Directory.EnumerateDirectories(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_cache_that_can_not_be_written_is_named_with_what_to_do()
    {
        var problem = await Assert.ThrowsAsync<SystemProblemException>(
            () => new ToolCache("/proc/tally", new TestReporter()).GetAsync("tool-1", "tool", MakeAsync, CancellationToken.None));

        Assert.Contains("'/proc/tally'", problem.Message, StringComparison.Ordinal);
        Assert.Contains("XDG_CACHE_HOME", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_size_is_that_of_its_files()
    {
        Assert.Equal(0, new ToolCache(_folder.In("nothing"), new TestReporter()).Size());
        await File.WriteAllTextAsync(_folder.In("four"), "1234");

        Assert.Equal(4, Cache().Size());
    }

    private ToolCache Cache() => new(_folder.Path, new TestReporter());

    private async Task MakeAsync(string staging, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _made);
        await _making.Task.WaitAsync(cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(staging, "file"), "made", cancellationToken);
    }
}
