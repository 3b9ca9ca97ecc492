using Tally.AppHost.Tests.Support;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Tests.Toolchain;

public sealed class FileLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.In("lock");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_at_a_time_holds_it()
    {
        using (FileLock.TryTake(File))
        {
            Assert.Null(FileLock.TryTake(File));
        }

        using var next = FileLock.TryTake(File);
        Assert.NotNull(next);
    }

    [Fact]
    public void A_place_that_can_not_be_written_is_no_lock_that_is_taken() =>
        Assert.ThrowsAny<IOException>(() => FileLock.TryTake(_folder.In("missing/lock")));
}
