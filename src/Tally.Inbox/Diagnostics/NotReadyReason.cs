using Confluent.Kafka;
using Npgsql;
using Tally.Inbox.Consuming;

namespace Tally.Inbox.Diagnostics;

/// <summary>
/// Why nothing is folded, in a fixed sentence chosen by the failure's code: what servers and libraries say may name hosts, users and statements, and
/// belongs into the log.
/// </summary>
internal static class NotReadyReason
{
    public static string Of(Exception failure) => failure switch
    {
        KafkaException kafka => OfKafka(kafka.Error.Code),
        PostgresException refused => OfPostgres(refused.SqlState),
        NotAssignedException => "the consumer group assigns no partitions",
        NewConsumerException => "another consumer is made",
        _ => "the database can't be reached",
    };

    private static string OfKafka(ErrorCode code) => code switch
    {
        ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_Resolve or ErrorCode.Local_TimedOut => "Kafka can't be reached",
        ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed => "Kafka refuses the credentials",
        ErrorCode.Local_Ssl => "Kafka can't be reached by TLS as it is set",
        ErrorCode.TopicAuthorizationFailed => "Kafka doesn't allow this user to read the topic",
        ErrorCode.GroupAuthorizationFailed => "Kafka doesn't allow this user to be in the consumer group",
        ErrorCode.ClusterAuthorizationFailed => "Kafka doesn't allow this user in",
        ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition => "the topic doesn't exist",
        _ => "Kafka refuses; the log says why",
    };

    private static string OfPostgres(string state) => state switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => "the database refuses the user or the password",
        PostgresErrorCodes.InsufficientPrivilege => "the database's user lacks a right",
        PostgresErrorCodes.InvalidCatalogName => "the database doesn't exist",
        PostgresErrorCodes.TooManyConnections => "the database has no connection left",
        PostgresErrorCodes.DiskFull => "the database has no space left",
        PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => "the database is starting or stopping",
        PostgresErrorCodes.ReadOnlySqlTransaction => "the database is read-only",
        _ => "the database refuses to store folds; the log says why",
    };
}
