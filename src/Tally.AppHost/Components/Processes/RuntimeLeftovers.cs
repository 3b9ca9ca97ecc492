namespace Tally.AppHost.Components.Processes;

/// <summary>
/// What .NET puts into the temporary folder for debuggers and diagnostic tools, and takes away when a process ends by itself: one that was killed leaves it
/// behind, and a run of chaos kills many.
/// </summary>
internal static class RuntimeLeftovers
{
    private static readonly string[] Patterns = ["clr-debug-pipe-{0}-*", "dotnet-diagnostic-{0}-*-socket"];

    /// <summary>Removes what a process left.</summary>
    /// <param name="pid">The process; it has ended.</param>
    public static void Remove(int pid)
    {
        try
        {
            foreach (var file in Patterns.SelectMany(pattern => Directory.EnumerateFiles(Path.GetTempPath(), pattern.Replace("{0}", $"{pid}", StringComparison.Ordinal))))
            {
                File.Delete(file);
            }
        }
        catch (Exception notOurs) when (notOurs is IOException or UnauthorizedAccessException)
        {
            // Somebody else's with an old id like it, or no such folder: left as it would have been without us.
        }
    }
}
