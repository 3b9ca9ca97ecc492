namespace Tally.AppHost.Hosting;

/// <summary>What the services are told, by the names in their appsettings.json.</summary>
internal static class ServiceSettings
{
    /// <summary>A Calculator's.</summary>
    /// <param name="settings">What the system is made of.</param>
    /// <param name="connections">How to reach the databases and Kafka.</param>
    /// <param name="instance">Its name.</param>
    public static IReadOnlyDictionary<string, string> OfCalculator(SystemSettings settings, Connections connections, string instance)
    {
        var all = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["Calculator:Instance"] = instance,
            ["Calculator:Topic"] = connections.Kafka.Topic,
            ["Outbox:ConnectionString"] = connections.Calculator.ConnectionString,

            // Nothing is dropped before Totals has confirmed that it holds it, under this name.
            ["Outbox:Consumers"] = connections.Kafka.GroupId,
        };
        AddKafka(all, "Outbox", connections.Kafka, connections.Kafka.Settings.Concat(connections.Kafka.ProducerSettings));
        AddFurther(all, settings, notFor: ["Inbox", "Totals"]);
        return all;
    }

    /// <summary>A Totals'. All of them share a consumer group and a database.</summary>
    /// <param name="settings">What the system is made of.</param>
    /// <param name="connections">How to reach the databases and Kafka.</param>
    /// <param name="instance">Its name.</param>
    /// <param name="calculators">The gRPC addresses of all Calculators, whom it asks when an event is missing or doubtful.</param>
    public static IReadOnlyDictionary<string, string> OfTotals(
        SystemSettings settings, Connections connections, string instance, IEnumerable<string> calculators)
    {
        var all = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["Totals:Instance"] = instance,
            ["Totals:Calculators"] = string.Join(',', calculators),
            ["Inbox:Topic"] = connections.Kafka.Topic,
            ["Inbox:GroupId"] = connections.Kafka.GroupId,
            ["Inbox:ConnectionString"] = connections.Totals.ConnectionString,
        };
        AddKafka(all, "Inbox", connections.Kafka, connections.Kafka.Settings);
        AddFurther(all, settings, notFor: ["Outbox", "Calculator"]);
        return all;
    }

    private static void AddKafka(
        Dictionary<string, string> all, string section, KafkaConnection kafka, IEnumerable<KeyValuePair<string, string>> librdkafka)
    {
        all[$"{section}:Kafka:BootstrapServers"] = kafka.BootstrapServers;
        all[$"{section}:Kafka:LibraryPath"] = kafka.LibraryPath;
        foreach (var (name, value) in librdkafka)
        {
            all[$"{section}:Kafka:Settings:{name}"] = value;
        }
    }

    private static void AddFurther(Dictionary<string, string> all, SystemSettings settings, string[] notFor)
    {
        foreach (var (name, value) in settings.ServiceSettings)
        {
            if (!notFor.Contains(name.Split(':')[0], StringComparer.OrdinalIgnoreCase))
            {
                all[name] = value;
            }
        }
    }
}
