namespace Tally.AppHost.Toolchain;

/// <summary>A file that one process at a time holds; the system lets go of it however that process ends.</summary>
internal sealed class FileLock : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, or gives null when another process has it.</summary>
    /// <param name="path">The file; made when it is missing.</param>
    /// <exception cref="IOException">The file can't be made or opened.</exception>
    public static FileLock? TryTake(string path)
    {
        try
        {
            return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException taken) when (IsSharing(taken))
        {
            return null;
        }
    }

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The file; made when it is missing.</param>
    /// <param name="waiting">Called once when another process has it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<FileLock> TakeAsync(string path, Action waiting, CancellationToken cancellationToken)
    {
        for (var first = true; ; first = false)
        {
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            if (first)
            {
                waiting();
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // EWOULDBLOCK from flock on Linux and macOS, a sharing violation on Windows; anything else is a real fault.
    private static bool IsSharing(IOException problem) =>
        problem.GetType() == typeof(IOException) && (problem.HResult & 0xffff) is 11 or 35 or 32;
}
