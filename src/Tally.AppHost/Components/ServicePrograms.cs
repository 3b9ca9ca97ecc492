using System.Diagnostics;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Components;

/// <summary>Where the build puts Tally's services: each project has a folder of its own beside this one's.</summary>
internal static class ServicePrograms
{
    /// <summary>The program of a service.</summary>
    /// <param name="project">Its project.</param>
    /// <exception cref="SystemProblemException">It wasn't built.</exception>
    public static string Find(string project)
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var configuration = Path.GetFileName(here);
        var file = OperatingSystem.IsWindows() ? project + ".exe" : project;
        string[] places = [Path.Combine(here, "..", "..", project, configuration, file), Path.Combine(here, file)];
        return places.Select(Path.GetFullPath).FirstOrDefault(File.Exists)
            ?? throw new SystemProblemException(
                project, $"{project} isn't built: there is no '{Path.GetFullPath(places[0])}'. Run ./tally, which builds it, or dotnet build -c Release.");
    }

    /// <summary>The version of a program.</summary>
    /// <param name="program">Its path.</param>
    public static string? VersionOf(string program)
    {
        var library = (program.EndsWith(".exe", StringComparison.Ordinal) ? program[..^4] : program) + ".dll";
        return File.Exists(library) ? FileVersionInfo.GetVersionInfo(library).ProductVersion : null;
    }
}
