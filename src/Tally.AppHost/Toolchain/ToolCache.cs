using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>
/// Downloaded and built tools, shared by all checkouts of a user. An entry is a folder that is either whole or not there: it is made beside its
/// place and renamed into it, under a lock of its own, so that two starts at once make it once.
/// </summary>
/// <param name="folder">Where the entries are.</param>
/// <param name="reporter">Told when another process is at work on an entry.</param>
internal sealed class ToolCache(string folder, IStartReporter reporter)
{
    private const string Staging = ".staging";

    /// <summary><c>${XDG_CACHE_HOME:-~/.cache}/tally</c>.</summary>
    public static string UsualFolder
    {
        get
        {
            // The specification says that a relative path is to be ignored.
            var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            return Path.Combine(
                Path.IsPathRooted(cache)
                    ? cache
                    : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
                "tally");
        }
    }

    /// <summary>Where the entries are.</summary>
    public string Folder => folder;

    /// <summary>What to do when the folder can't be used.</summary>
    public string Advice { get; init; } = "Make it writable, or name another one in XDG_CACHE_HOME.";

    /// <summary>Where an entry is, whether it is there or not.</summary>
    /// <param name="entry">Its name.</param>
    public string PathOf(string entry) => Path.Combine(folder, entry);

    /// <summary>Whether an entry is there.</summary>
    /// <param name="entry">Its name.</param>
    public bool Has(string entry) => Directory.Exists(PathOf(entry));

    /// <summary>The folder of an entry, made first when it is missing.</summary>
    /// <param name="entry">Its name, with everything that makes it different from others: version, options.</param>
    /// <param name="component">What is reported as being prepared.</param>
    /// <param name="make">Makes the entry in the folder it gets.</param>
    /// <param name="cancellationToken">Stops the making; nothing half made stays.</param>
    public async Task<string> GetAsync(
        string entry, string component, Func<string, CancellationToken, Task> make, CancellationToken cancellationToken)
    {
        var path = PathOf(entry);
        if (Directory.Exists(path))
        {
            return path;
        }

        try
        {
            Directory.CreateDirectory(folder);
            using var held = await FileLock.TakeAsync(
                path + ".lock",
                () => reporter.Progress(component, "waits for another Tally that prepares it"),
                cancellationToken);
            if (!Directory.Exists(path))
            {
                await MakeAsync(entry, path, make, cancellationToken);
            }

            return path;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SystemProblemException(
                component,
                $"The cache folder '{folder}' can't be used: {problem.Message} {Advice}",
                problem);
        }
    }

    /// <summary>How many bytes the entries have.</summary>
    public long Size() => Directory.Exists(folder)
        ? new DirectoryInfo(folder)
            .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Sum(file => file.Length)
        : 0;

    private async Task MakeAsync(string entry, string path, Func<string, CancellationToken, Task> make, CancellationToken cancellationToken)
    {
        // The lock is ours, so what an earlier attempt left is nobody's.
        foreach (var left in Directory.EnumerateDirectories(folder, $"{entry}{Staging}*"))
        {
            Directory.Delete(left, recursive: true);
        }

        var staging = $"{path}{Staging}-{Environment.ProcessId}";
        Directory.CreateDirectory(staging);
        try
        {
            await make(staging, cancellationToken);
            Directory.Move(staging, path);
        }
        finally
        {
            if (Directory.Exists(staging))
            {
                Directory.Delete(staging, recursive: true);
            }
        }
    }
}
