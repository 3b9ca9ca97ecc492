namespace Tally.AppHost.Commands;

/// <summary>Copies a log, from a place on.</summary>
internal sealed class LogCopy(string path, long from = 0)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>What is written to a log from now on.</summary>
    public static LogCopy FromNow(string path) => new(path, File.Exists(path) ? new FileInfo(path).Length : 0);

    /// <summary>Copies what is there.</summary>
    public async Task CopyAsync(TextWriter to, CancellationToken stop)
    {
        using var reader = Open();
        await CopyAsync(reader, to, stop);
    }

    /// <summary>Copies what is there and what comes, until it's stopped. The log may not be there yet.</summary>
    public async Task FollowAsync(TextWriter to, TimeProvider time, CancellationToken stop)
    {
        while (!File.Exists(path) && !stop.IsCancellationRequested)
        {
            await PauseAsync();
        }

        if (stop.IsCancellationRequested)
        {
            return;
        }

        using var reader = Open();
        while (!stop.IsCancellationRequested)
        {
            await CopyAsync(reader, to, stop);
            await PauseAsync();
        }

        // What was written just before it was stopped.
        await CopyAsync(reader, to, CancellationToken.None);

        async Task PauseAsync() => await Task.Delay(LookAgain, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private StreamReader Open()
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(from, SeekOrigin.Begin);
        return new StreamReader(file);
    }

    private static async Task CopyAsync(StreamReader from, TextWriter to, CancellationToken stop)
    {
        var buffer = new char[16_384];
        while (!stop.IsCancellationRequested && await from.ReadAsync(buffer, CancellationToken.None) is > 0 and var read)
        {
            await to.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
        }

        await to.FlushAsync(CancellationToken.None);
    }
}
