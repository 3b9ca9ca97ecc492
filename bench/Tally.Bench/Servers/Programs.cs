namespace Tally.Bench.Servers;

/// <summary>Where programs of this machine are.</summary>
internal static class Programs
{
    /// <summary>The path of a program that is on the PATH, or null.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
