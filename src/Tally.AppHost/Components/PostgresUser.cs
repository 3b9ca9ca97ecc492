using System.Runtime.Versioning;
using System.Text;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>
/// Who runs PostgreSQL's programs: they refuse to run as root. An ordinary user runs them as they are. Root runs them in a user namespace, where
/// they see another user while the files stay root's own; and where namespaces are refused, as another user, at a place which that one can reach.
/// </summary>
/// <param name="Prefix">What stands before a program and its arguments.</param>
/// <param name="Owner">The other user who must own the files, or null.</param>
/// <param name="Tool">The programs, where that user can run them.</param>
/// <param name="Data">The files, where that user can reach them.</param>
[SupportedOSPlatform("linux")]
internal sealed record PostgresUser(IReadOnlyList<string> Prefix, string? Owner, PostgresTool Tool, string Data)
{
    private static readonly string[] Namespace = ["unshare", "-U", "--map-user=1000", "--map-group=1000"];

    /// <summary>Chooses who runs the programs on a folder.</summary>
    /// <param name="context">What components share.</param>
    /// <param name="tool">The programs.</param>
    /// <param name="cancellationToken">Stops choosing.</param>
    /// <exception cref="SystemProblemException">This is root, and there is no way to be someone else; or the files that were there are gone.</exception>
    public static async Task<PostgresUser> ChooseAsync(ComponentContext context, PostgresTool tool, CancellationToken cancellationToken)
    {
        var data = context.Folder.In("postgres");
        PostgresElsewhere.ThrowIfLost(data);
        if (Libc.EffectiveUser() != 0)
        {
            return new PostgresUser([], null, tool, data);
        }

        // What lies elsewhere was made by another user, and stays that one's.
        if (!PostgresElsewhere.HasLink(data) && await WorksAsync([.. Namespace, tool.Program("postgres"), "--version"], cancellationToken))
        {
            return new PostgresUser([SearchPath.Find(Namespace[0])!, .. Namespace[1..]], null, tool, data);
        }

        foreach (var owner in (string[])["postgres", "nobody"])
        {
            string[] prefix = ["setpriv", $"--reuid={owner}", "--regid=" + await GroupAsync(owner, cancellationToken), "--clear-groups"];
            if (await WorksAsync([.. prefix, "true"], cancellationToken))
            {
                var elsewhere = PostgresElsewhere.Usual;
                return new PostgresUser(
                    [SearchPath.Find(prefix[0])!, .. prefix[1..]],
                    owner,
                    await elsewhere.ProgramsAsync(tool, context.Reporter, cancellationToken),
                    elsewhere.Data(data));
            }
        }

        throw new SystemProblemException(
            "postgres",
            "PostgreSQL refuses to run as root, and here root can neither make a user namespace (unshare) nor become another user (setpriv). "
            + "Run Tally as an ordinary user, install util-linux, or name a PostgreSQL that runs already in TALLY_POSTGRES.");
    }

    /// <summary>Makes an empty folder that belongs to the owner.</summary>
    /// <param name="path">The folder.</param>
    public void MakeFolder(string path)
    {
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Give(path);
    }

    /// <summary>Writes a file that only the owner reads.</summary>
    /// <param name="path">The file.</param>
    /// <param name="text">What it holds.</param>
    /// <param name="cancellationToken">Stops writing.</param>
    public async Task WriteFileAsync(string path, string text, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using (var file = new FileStream(path, options))
        {
            await file.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        }

        Give(path);
    }

    private void Give(string path)
    {
        if (Owner is not null)
        {
            using var chown = System.Diagnostics.Process.Start("chown", [Owner, path]);
            chown.WaitForExit();
        }
    }

    private static async Task<bool> WorksAsync(IReadOnlyList<string> command, CancellationToken cancellationToken) =>
        SearchPath.Find(command[0]) is not null
        && (await ToolRun.RunAsync(command[0], [.. command.Skip(1)], cancellationToken)).ExitCode == 0;

    private static async Task<string> GroupAsync(string user, CancellationToken cancellationToken)
    {
        var run = await ToolRun.RunAsync("id", ["-g", user], cancellationToken);
        return run.Output.Count > 0 ? run.Output[0] : user;
    }
}
