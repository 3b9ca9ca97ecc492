using System.Diagnostics;
using System.Runtime.Versioning;
using Tally.AppHost.Components;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Components;

[SupportedOSPlatform("linux")]
public sealed class PostgresLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Lock => _folder.In("postmaster.pid");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_lock_of_a_living_PostgreSQL_stays_though_its_program_was_removed()
    {
        using var postgres = Start("postgres");
        File.Delete(_folder.In("postgres"));
        await File.WriteAllTextAsync(Lock, $"{postgres.Id}\n/data\n");

        var clearing = ClearAsync();
        Assert.True(PostgresCluster.MayBePostgres(postgres.Id));
        Assert.False(clearing.IsCompleted);
        Assert.True(File.Exists(Lock));

        postgres.Kill();
        await clearing.Within(Processes.Soon);
        Assert.False(File.Exists(Lock));
    }

    [Fact]
    public async Task The_lock_of_another_program_goes()
    {
        using var other = Start("other");
        await File.WriteAllTextAsync(Lock, $"{other.Id}\n/data\n");

        await ClearAsync().Within(Processes.Soon);

        Assert.False(File.Exists(Lock));
        other.Kill();
    }

    [Theory]
    [InlineData("")]
    [InlineData("nobody\n")]
    [InlineData("2147483647\n")]
    public async Task A_lock_that_names_nobody_goes(string text)
    {
        await File.WriteAllTextAsync(Lock, text);

        await ClearAsync().Within(Processes.Soon);

        Assert.False(File.Exists(Lock));
    }

    [Fact]
    public async Task What_a_killed_server_leaves_behind_is_waited_for()
    {
        using var left = Start("postgres");
        var waiting = new PostgresCluster(null!, _folder.Path, null!).WaitForRemainsAsync(CancellationToken.None);
        Assert.False(waiting.IsCompleted);

        left.Kill();

        await waiting.Within(Processes.Soon);
    }

    private Task ClearAsync() => new PostgresCluster(null!, _folder.Path, null!).ClearStaleLockAsync(CancellationToken.None);

    /// <summary>A process that runs a program of this name.</summary>
    private Process Start(string name)
    {
        File.Copy("/bin/sleep", _folder.In(name));
        return Process.Start(new ProcessStartInfo(_folder.In(name), ["300"]) { UseShellExecute = false, WorkingDirectory = _folder.Path })!;
    }
}
