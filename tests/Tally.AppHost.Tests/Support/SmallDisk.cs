using System.Diagnostics;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>A small file system in memory, in the place of a folder that keeps what it holds, and something that fills it up.</summary>
internal sealed class SmallDisk : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    /// <summary>Null where one can be mounted, or else why not.</summary>
    public static string? WhyNot { get; } = Find();

    private string Ballast => Path.Combine(_folder, "ballast");

    /// <summary>Moves a folder onto one.</summary>
    public static async Task<SmallDisk> UnderAsync(string folder, int megabytes)
    {
        var aside = Directory.CreateTempSubdirectory("tally-test-");
        try
        {
            await RunAsync("cp", "-a", folder + "/.", aside.FullName);
            await RunAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tally-test", folder);
            var disk = new SmallDisk(folder);
            try
            {
                // With what the folder itself is: its owner and its mode.
                await RunAsync("cp", "-a", aside.FullName + "/.", folder);
                return disk;
            }
            catch
            {
                disk.Dispose();
                throw;
            }
        }
        finally
        {
            aside.Delete(recursive: true);
        }
    }

    /// <summary>Takes what is free, but for a rest.</summary>
    public void Fill(int restKilobytes)
    {
        var piece = new byte[64 * 1024];
        var rest = restKilobytes * 1024L;
        try
        {
            using var file = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (new DriveInfo(_folder).AvailableFreeSpace is var free && free > rest)
            {
                file.Write(piece, 0, (int)Math.Min(piece.Length, free - rest));
            }
        }
        catch (IOException)
        {
            // Somebody else took the last of it.
        }
    }

    /// <summary>Makes room again.</summary>
    public void Clear() => File.Delete(Ballast);

    public void Dispose()
    {
        // Lazily: something may look at it yet, and nobody must find it afterwards.
        using var unmount = Process.Start("umount", ["-l", _folder]);
        unmount.WaitForExit();
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var run = Process.Start(program, arguments);
        await run.WaitForExitAsync().Within(Patience);
        Assert.Equal(0, run.ExitCode);
    }

    private static string? Find()
    {
        const string Why = "needs the right to mount a tmpfs";
        if (ToolFactAttribute.FindProgram("mount") is null || ToolFactAttribute.FindProgram("umount") is null)
        {
            return Why;
        }

        var folder = Directory.CreateTempSubdirectory("tally-test-").FullName;
        try
        {
            var start = new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", "size=1m", "tally-test", folder]) { UseShellExecute = false, RedirectStandardError = true };
            using var mount = Process.Start(start)!;
            mount.WaitForExit();
            if (mount.ExitCode != 0)
            {
                return Why;
            }

            new SmallDisk(folder).Dispose();
            return null;
        }
        finally
        {
            Directory.Delete(folder);
        }
    }
}

/// <summary>A test that needs a current Kafka, and a disk that may be full.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute() => Skip = ModernKafka.WhyNot ?? SmallDisk.WhyNot;
}
