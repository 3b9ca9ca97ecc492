using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Tally.Kafka;

/// <summary>Finds the native library that Confluent.Kafka stands on.</summary>
public static class Librdkafka
{
    private static readonly Lock Gate = new();
    private static string? _path;

    /// <summary>
    /// Makes Confluent.Kafka load the library at <see cref="KafkaOptions.LibraryPath"/>. Must run before the first client is made; further calls
    /// with the same path do nothing. An empty path leaves the search to the runtime.
    /// </summary>
    /// <param name="options">The options that name the path.</param>
    /// <exception cref="FileNotFoundException">There is no file at the path.</exception>
    /// <exception cref="InvalidOperationException">Another path was loaded before.</exception>
    public static void Load(KafkaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.LibraryPath.Length == 0)
        {
            return;
        }

        var path = Path.GetFullPath(options.LibraryPath);
        lock (Gate)
        {
            if (_path is not null)
            {
                if (_path != path)
                {
                    throw new InvalidOperationException($"librdkafka was loaded from '{_path}' already, so '{path}' can't be.");
                }

                return;
            }

            if (!File.Exists(path))
            {
                throw new FileNotFoundException(
                    $"Kafka:LibraryPath is '{path}', but there is no such file. './tally doctor' says how to get librdkafka.", path);
            }

            // Confluent.Kafka tries several names for the same library; each one leads to our file.
            // (Its own Library.Load(path) wants libdl.so, which current systems no longer have.)
            NativeLibrary.SetDllImportResolver(typeof(Library).Assembly, (name, _, _) => Resolve(name, path));
            _path = path;
        }
    }

    /// <summary>The version of the loaded librdkafka, for example <c>2.15.1</c>.</summary>
    public static string Version => Library.VersionString;

    private static nint Resolve(string name, string path) =>
        name.StartsWith("librdkafka", StringComparison.Ordinal) ? NativeLibrary.Load(path) : 0;
}
