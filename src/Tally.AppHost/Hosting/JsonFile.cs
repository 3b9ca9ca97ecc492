using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Tally.AppHost.Hosting;

/// <summary>Files that are read while they are written: a reader sees the old one or the new one, whole.</summary>
internal static class JsonFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a file beside its place, and renames it.</summary>
    /// <typeparam name="T">What it holds.</typeparam>
    /// <param name="path">Its place.</param>
    /// <param name="value">What it holds.</param>
    /// <param name="type">How that is written.</param>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> type)
    {
        var temporary = $"{path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var file = new FileStream(temporary, options))
        {
            JsonSerializer.Serialize(file, value, type);
            file.WriteByte((byte)'\n');
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Reads a file, or gives null when there is none.</summary>
    /// <typeparam name="T">What it holds.</typeparam>
    /// <param name="path">Its place.</param>
    /// <param name="type">How that is read.</param>
    /// <exception cref="SystemProblemException">It holds something else, or may not be read.</exception>
    public static T? TryRead<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, type);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new SystemProblemException("data", $"'{path}' can't be read: {problem.Message}", problem);
        }
    }
}
