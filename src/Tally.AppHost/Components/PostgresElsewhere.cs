using System.Runtime.Versioning;
using System.Security.Cryptography;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>
/// Places for PostgreSQL that another user than root can reach: root's home, the cache in it and temporary folders are closed to others. The files
/// of a system have a folder with a name that no other one has. A link in the data folder leads there, and a note there says where that link is: so a
/// data folder may be moved, and neither a copy of it nor a new one at its old place can take or remove what is its own.
/// </summary>
/// <param name="root">Where the places are.</param>
[SupportedOSPlatform("linux")]
internal sealed class PostgresElsewhere(string root)
{
    private const string Component = "postgres";
    private const string Note = "linked-from";

    private const UnixFileMode EveryoneReads = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode EveryoneRuns = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Where only root can make folders, so nobody else could have prepared one.</summary>
    public static PostgresElsewhere Usual { get; } = new("/var/lib/tally");

    /// <summary>Whether the files of a data folder lie elsewhere already.</summary>
    /// <param name="data">Where they would be.</param>
    public static bool HasLink(string data) => new DirectoryInfo(data).LinkTarget is not null;

    /// <summary>Refuses a link that leads nowhere: an empty cluster in its stead would look as if every sum was lost.</summary>
    /// <param name="data">Where the link may be.</param>
    /// <exception cref="SystemProblemException">It leads nowhere.</exception>
    public static void ThrowIfLost(string data)
    {
        if (HasLink(data) && !Directory.Exists(data))
        {
            throw new SystemProblemException(
                Component,
                $"'{data}' is a link to '{Target(data)}', where PostgreSQL's files were, but they are gone. Put them back there, "
                + "or throw the rest of this system away with ./tally reset.");
        }
    }

    /// <summary>The programs, copied once.</summary>
    /// <param name="tool">The programs in the cache.</param>
    /// <param name="reporter">Told when another start copies them.</param>
    /// <param name="cancellationToken">Stops waiting for that.</param>
    public async Task<PostgresTool> ProgramsAsync(PostgresTool tool, IStartReporter reporter, CancellationToken cancellationToken)
    {
        MakeRoot();
        var copies = new ToolCache(root, reporter) { Advice = "Make it writable for root, or run Tally as an ordinary user." };
        var folder = await copies.GetAsync(
            PostgresTool.Entry,
            Component,
            (staging, _) =>
            {
                Copy(tool.Folder, staging);
                return Task.CompletedTask;
            },
            cancellationToken);
        return tool with { Folder = folder };
    }

    /// <summary>A folder for the files, with a link at the place where they would be.</summary>
    /// <param name="data">That place.</param>
    /// <exception cref="SystemProblemException">Something else is at that place, or what the link leads to is gone or belongs to another system.</exception>
    public string Data(string data)
    {
        ThrowIfLost(data);
        if (HasLink(data))
        {
            Take(data, Target(data));
        }
        else if (Directory.Exists(data))
        {
            throw new SystemProblemException(
                Component, $"'{data}' belongs to root, made where user namespaces were allowed; here they aren't. Use another data folder, or ./tally reset.");
        }
        else
        {
            MakeRoot();
            var made = Path.Combine(root, "data-" + RandomNumberGenerator.GetHexString(16, lowercase: true));
            MakeOpen(made);
            WriteNote(made, RealPath(data));
            Directory.CreateSymbolicLink(data, made);
        }

        return Path.Combine(Target(data), "cluster");
    }

    /// <summary>Removes the files that a link leads to, if they are surely of this data folder; the link stays.</summary>
    /// <param name="data">Where the link may be.</param>
    /// <exception cref="SystemProblemException">Whose they are isn't certain.</exception>
    public static void Remove(string data)
    {
        if (!HasLink(data) || !Directory.Exists(data))
        {
            return;
        }

        var target = Target(data);
        var noted = ReadNote(target);
        if (noted == RealPath(data))
        {
            // The note last, so that a removal that was interrupted can be gone on with.
            foreach (var folder in Directory.EnumerateDirectories(target))
            {
                Directory.Delete(folder, recursive: true);
            }

            Directory.Delete(target, recursive: true);
        }
        else if (noted is null || !LeadsTo(noted, target))
        {
            var whose = noted is null ? "no note there says whose they are" : $"at their last start they were those of '{noted}'";
            throw new SystemProblemException(
                Component,
                $"'{data}' is a link to '{target}', and it isn't certain that the files there are of this system alone: {whose}. If this data folder was "
                + "moved here, run ./tally up and ./tally down on it once; or else remove the link, and the files if nobody needs them. Then try again.");
        }
    }

    private void Take(string data, string target)
    {
        if (Path.GetDirectoryName(target) != root)
        {
            throw new SystemProblemException(
                Component,
                $"'{data}' is a link to '{target}', but here PostgreSQL must run as another user than root, and then its files lie in '{root}'. "
                + "Use another data folder, or run Tally as an ordinary user.");
        }

        var here = RealPath(data);
        var noted = ReadNote(target);
        if (noted is not null && noted != here && LeadsTo(noted, target))
        {
            throw new SystemProblemException(
                Component,
                $"'{data}' is a copy of '{noted}': both are links to '{target}', and two systems can't share a PostgreSQL's files. "
                + "Use the first one, or another data folder.");
        }

        if (noted != here)
        {
            WriteNote(target, here);
        }
    }

    private void MakeRoot()
    {
        if (!Directory.Exists(root))
        {
            MakeOpen(root);
        }
    }

    // The mode is set afterwards, since what a folder is made with is cut by the umask.
    private static void MakeOpen(string folder)
    {
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, EveryoneReads | EveryoneRuns | UnixFileMode.UserWrite);
    }

    private static void Copy(string source, string target)
    {
        MakeOpen(target);
        foreach (var entry in new DirectoryInfo(source).EnumerateFileSystemInfos())
        {
            var copy = Path.Combine(target, entry.Name);
            if (entry.LinkTarget is { } link)
            {
                File.CreateSymbolicLink(copy, link);
            }
            else if (entry is DirectoryInfo)
            {
                Copy(entry.FullName, copy);
            }
            else
            {
                File.Copy(entry.FullName, copy);
                var mode = entry.UnixFileMode;
                File.SetUnixFileMode(copy, mode | EveryoneReads | (mode.HasFlag(UnixFileMode.UserExecute) ? EveryoneRuns : UnixFileMode.None));
            }
        }
    }

    private static string Target(string data) => Path.GetFullPath(new DirectoryInfo(data).LinkTarget!, Path.GetDirectoryName(data)!);

    private static bool LeadsTo(string place, string target) => HasLink(place) && Target(place) == target;

    private static string? ReadNote(string target) =>
        File.Exists(Path.Combine(target, Note)) ? File.ReadAllText(Path.Combine(target, Note)) : null;

    private static void WriteNote(string target, string place)
    {
        var note = Path.Combine(target, Note);
        File.WriteAllText(note + ".new", place);
        File.Move(note + ".new", note, overwrite: true);
    }

    /// <summary>The one path of a place, by whatever links its folder was reached; the place itself may be a link.</summary>
    private static string RealPath(string place)
    {
        return Path.Combine(Real(Path.GetDirectoryName(Path.GetFullPath(place))!), Path.GetFileName(place));

        static string Real(string folder)
        {
            var real = "/";
            foreach (var part in folder.Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                var next = new DirectoryInfo(Path.Combine(real, part));
                real = next.ResolveLinkTarget(returnFinalTarget: true) is { } final ? Real(final.FullName) : next.FullName;
            }

            return real;
        }
    }
}
