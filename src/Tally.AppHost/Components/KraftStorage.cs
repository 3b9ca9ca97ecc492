using System.Buffers.Text;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>
/// Formats the storage of a Kafka 4. Its tool takes two seconds, most of them to start; what it writes is the same for each folder but for two random
/// ids, so it runs once for a version and the result is kept in the cache.
/// </summary>
internal static class KraftStorage
{
    private const string Metadata = "meta.properties";
    private const string Bootstrap = "bootstrap.checkpoint";

    /// <summary>Formats a folder unless it was formatted before.</summary>
    /// <param name="context">What components share.</param>
    /// <param name="java">How the tool is run.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="properties">The broker's settings for a folder of logs: the tool reads them.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task EnsureAsync(
        ComponentContext context, JavaCommand java, string folder, Func<string, string> properties, CancellationToken cancellationToken)
    {
        var metadata = new FileInfo(Path.Combine(folder, Metadata));
        if (metadata is { Exists: true, Length: > 0 })
        {
            return;
        }

        var template = await context.Cache.GetAsync($"kafka-format-{java.Distribution.Version}", "kafka", FormatAsync, cancellationToken);
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(template, Bootstrap), Path.Combine(folder, Bootstrap), overwrite: true);

        // Last, since it's what tells that the folder is formatted; and whole or not at all, whatever ends this process meanwhile.
        var making = metadata.FullName + ".making";
        await File.WriteAllTextAsync(making, $"version=1\nnode.id=1\ncluster.id={NewId()}\ndirectory.id={NewId()}\n", cancellationToken);
        File.Move(making, metadata.FullName, overwrite: true);

        async Task FormatAsync(string staging, CancellationToken token)
        {
            context.Reporter.Progress("kafka", "formats its storage, once");
            var logs = Path.Combine(staging, "logs");
            var file = Path.Combine(staging, "server.properties");
            await File.WriteAllTextAsync(file, properties(logs), token);
            (await ToolRun.RunAsync(
                java.Java.Path, java.Arguments("256m", [], "kafka.tools.StorageTool", "format", "-t", NewId(), "-c", file), token))
                .OrThrow("kafka", $"Kafka's storage couldn't be formatted with {java.Distribution.Source}.");
            File.Move(Path.Combine(logs, Bootstrap), Path.Combine(staging, Bootstrap));
        }
    }

    /// <summary>A random id in Kafka's form, which must not begin like an option.</summary>
    private static string NewId()
    {
        string id;
        do
        {
            id = Base64Url.EncodeToString(Guid.NewGuid().ToByteArray());
        }
        while (id[0] == '-');

        return id;
    }
}
