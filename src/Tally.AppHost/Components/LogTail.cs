using System.Text;

namespace Tally.AppHost.Components;

/// <summary>What a component wrote to its log since a place.</summary>
/// <param name="path">The log file.</param>
/// <param name="from">The place, in bytes.</param>
internal sealed class LogTail(string path, long from)
{
    private const int Most = 64 * 1024;

    /// <summary>The end of a log, from now on.</summary>
    /// <param name="path">The log file.</param>
    public static LogTail FromNow(string path) => new(path, File.Exists(path) ? new FileInfo(path).Length : 0);

    /// <summary>The last lines, fewer when there are fewer.</summary>
    /// <param name="count">How many.</param>
    public IReadOnlyList<string> LastLines(int count)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var start = Math.Max(Math.Min(from, file.Length), file.Length - Most);
        file.Seek(start, SeekOrigin.Begin);
        using var reader = new StreamReader(file, Encoding.UTF8);
        var lines = reader.ReadToEnd().Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0);
        return [.. lines.TakeLast(count)];
    }

    /// <summary>Completes when a text has been logged.</summary>
    /// <param name="text">The text; ASCII.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task WaitForAsync(string text, CancellationToken cancellationToken)
    {
        var seen = new StringBuilder();
        var buffer = new byte[16 * 1024];
        while (!File.Exists(path))
        {
            await Task.Delay(20, cancellationToken);
        }

        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        file.Seek(from, SeekOrigin.Begin);
        while (true)
        {
            var count = await file.ReadAsync(buffer, cancellationToken);
            if (count == 0)
            {
                await Task.Delay(20, cancellationToken);
                continue;
            }

            seen.Append(Encoding.Latin1.GetString(buffer, 0, count));
            if (seen.ToString().Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            // The text may lie across two reads, so as much as may belong to it stays.
            seen.Remove(0, Math.Max(0, seen.Length - text.Length));
        }
    }
}
