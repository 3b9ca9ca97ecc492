using System.Diagnostics;
using System.Globalization;
using Tally.AppHost.Hosting;

namespace Tally.Bench.Figures;

/// <summary>Where a result comes from.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var model = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            : null;
        return $"{Environment.ProcessorCount} × {model ?? "unknown CPU"}, {Environment.OSVersion.VersionString}, .NET {Environment.Version}";
    }

    /// <summary>Which Kafka it is and how it was found, without where on this machine: results are published.</summary>
    public static string Describe(ComponentState kafka) => $"{kafka.Version} ({kafka.Source?.Split(' ')[0]})";

    public static string Commit()
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", ["describe", "--always", "--dirty"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            var commit = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? commit : "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown (no git)";
        }
    }

    /// <summary>The CPU time that a process and its children have used, in seconds, those that ended included; Linux only.</summary>
    public static double CpuSeconds(int pid)
    {
        var ticks = 0L;
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            string stat;
            try
            {
                stat = File.ReadAllText(Path.Combine(folder, "stat"));
            }
            catch (IOException)
            {
                // Gone meanwhile.
                continue;
            }

            // Behind the name in parentheses: state, parent, …, user ticks as the 12th and system ticks as the 13th, then both of the
            // children that ended: a server's own chores (PostgreSQL's vacuuming) come and go.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var isItself = Path.GetFileName(folder) == Text(pid);
            if (isItself || fields[1] == Text(pid))
            {
                ticks += fields[11..(isItself ? 15 : 13)].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
            }
        }

        return ticks / 100.0;
    }

    private static string Text(int pid) => pid.ToString(CultureInfo.InvariantCulture);

    /// <summary>The largest resident size that the process had, in MB; Linux only.</summary>
    public static double PeakMegabytes(int pid) =>
        double.Parse(File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
}
