using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Components;

/// <summary>Makes and removes topics on a Kafka that understands requests for it.</summary>
internal static class KafkaTopic
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(10);

    /// <summary>Makes a topic whose messages stay, unless it is there.</summary>
    /// <param name="kafka">How to reach Kafka.</param>
    /// <param name="topic">Its name.</param>
    /// <param name="partitions">How many partitions.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="SystemProblemException">
    /// Kafka doesn't answer, or the topic can't be made; or a setting is refused, and <see cref="SystemProblemException.ExitCode"/> is 2.
    /// </exception>
    public static async Task EnsureAsync(KafkaConnection kafka, string topic, int partitions, CancellationToken cancellationToken)
    {
        using var admin = Admin(kafka, out var lastError);
        await ThrowUnlessItAnswersAsync(admin, kafka, lastError, cancellationToken);
        var specification = new TopicSpecification
        {
            Name = topic,
            NumPartitions = partitions,
            ReplicationFactor = -1,
            Configs = new Dictionary<string, string>(StringComparer.Ordinal) { ["retention.ms"] = "-1", ["cleanup.policy"] = "delete" },
        };
        try
        {
            await admin.CreateTopicsAsync([specification], new CreateTopicsOptions { RequestTimeout = Patience, OperationTimeout = Patience })
                .WaitAsync(cancellationToken);
        }
        catch (CreateTopicsException there) when (there.Results.All(result => result.Error.Code == ErrorCode.TopicAlreadyExists))
        {
        }
        catch (KafkaException problem)
        {
            throw new SystemProblemException("kafka", $"The topic '{topic}' couldn't be made at {kafka.BootstrapServers}: {problem.Message}", problem);
        }
    }

    /// <summary>Removes a topic, if it is there.</summary>
    /// <param name="kafka">How to reach Kafka.</param>
    /// <param name="topic">Its name.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task DeleteAsync(KafkaConnection kafka, string topic, CancellationToken cancellationToken)
    {
        using var admin = Admin(kafka, out _);
        try
        {
            await admin.DeleteTopicsAsync([topic], new DeleteTopicsOptions { RequestTimeout = Patience, OperationTimeout = Patience })
                .WaitAsync(cancellationToken);
        }
        catch (DeleteTopicsException gone) when (gone.Results.All(result => result.Error.Code == ErrorCode.UnknownTopicOrPart))
        {
        }
        catch (KafkaException problem)
        {
            throw new SystemProblemException("kafka", $"The topic '{topic}' couldn't be removed at {kafka.BootstrapServers}: {problem.Message}", problem);
        }
    }

    /// <summary>Nobody should wait half a minute to learn that an address is wrong.</summary>
    private static async Task ThrowUnlessItAnswersAsync(
        IAdminClient admin, KafkaConnection kafka, Func<string?> lastError, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Run(() => admin.GetMetadata(FirstAnswer), CancellationToken.None).WaitAsync(cancellationToken);
        }
        catch (KafkaException problem)
        {
            throw new SystemProblemException(
                "kafka",
                $"Kafka doesn't answer at {kafka.BootstrapServers} within {FirstAnswer.TotalSeconds} s: {lastError() ?? problem.Error.Reason}. "
                + "Look whether it runs there, and at --kafka and --kafka-settings.",
                problem);
        }
    }

    /// <param name="kafka">How to reach Kafka.</param>
    /// <param name="lastError">The last trouble that the client told of; it says more than "timed out".</param>
    private static IAdminClient Admin(KafkaConnection kafka, out Func<string?> lastError)
    {
        string? last = null;
        lastError = () => Volatile.Read(ref last);

        Tally.Kafka.Librdkafka.Load(new Tally.Kafka.KafkaOptions { LibraryPath = kafka.LibraryPath });
        var settings = new Dictionary<string, string>(kafka.Settings, StringComparer.Ordinal) { ["bootstrap.servers"] = kafka.BootstrapServers };

        try
        {
            // Its own log would go to standard error, where people read what this program has to say; failures come as exceptions.
            return new AdminClientBuilder(settings).SetLogHandler((_, _) => { })
                .SetErrorHandler((_, error) => Volatile.Write(ref last, error.Code == ErrorCode.Local_AllBrokersDown ? last : error.Reason))
                .Build();
        }
        catch (Exception refused) when (refused is InvalidOperationException or ArgumentException)
        {
            // The setting is named by librdkafka's own words.
            throw new SystemProblemException(
                "kafka",
                $"TALLY_KAFKA_SETTINGS (or --kafka-settings) is refused by librdkafka: {refused.Message.TrimEnd('.')}. "
                + "Mend that setting; librdkafka's CONFIGURATION.md lists all of them.",
                refused)
            {
                ExitCode = 2,
            };
        }
    }
}
