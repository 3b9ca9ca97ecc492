using Confluent.Kafka;
using Npgsql;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Diagnostics;

[Collection(RealSystemCollection.Name)]
public sealed class NotReadyReasonTests(TestEnvironment environment)
{
    [Theory]
    [InlineData(ErrorCode.Local_AllBrokersDown, "Kafka can't be reached")]
    [InlineData(ErrorCode.SaslAuthenticationFailed, "Kafka refuses the credentials")]
    [InlineData(ErrorCode.TopicAuthorizationFailed, "Kafka doesn't allow this user to read the topic")]
    [InlineData(ErrorCode.UnknownTopicOrPart, "the topic doesn't exist")]
    [InlineData(ErrorCode.Local_Fatal, "Kafka refuses; the log says why")]
    public void What_Kafka_says_is_not_shown(ErrorCode code, string shown) =>
        Assert.Equal(shown, NotReadyReason.Of(new KafkaException(new Error(code, "sasl://user@secret-host"))));

    [Theory]
    [InlineData("28P01", "the database refuses the user or the password")]
    [InlineData("28000", "the database refuses the user or the password")]
    [InlineData("42501", "the database's user lacks a right")]
    [InlineData("3D000", "the database doesn't exist")]
    [InlineData("57P03", "the database is starting or stopping")]
    [InlineData("XX000", "the database refuses to store folds; the log says why")]
    public void What_PostgreSQL_says_is_not_shown(string state, string shown) =>
        Assert.Equal(shown, NotReadyReason.Of(new PostgresException("secret", "FATAL", "FATAL", state)));

    [Fact]
    public void One_that_does_not_answer_cannot_be_reached()
    {
        Assert.Equal("the database can't be reached", NotReadyReason.Of(new NpgsqlException("secret-host:5432")));
        Assert.Equal("the database can't be reached", NotReadyReason.Of(new TimeoutException()));
    }

    [KafkaFact]
    public async Task A_wrong_password_a_missing_right_and_a_missing_database_are_told_apart()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var others = await environment.CreateDatabaseAsync();
        var right = new NpgsqlConnectionStringBuilder(database.ConnectionString);

        await ShownAsync(new(right.ConnectionString) { Password = "wrong" }, "the database refuses the user or the password");
        await ShownAsync(new(right.ConnectionString) { Database = others.Name, Pooling = false }, "the database's user lacks a right");
        await ShownAsync(new(right.ConnectionString) { Database = "nowhere" }, "the database doesn't exist");
        await ShownAsync(new(right.ConnectionString) { Port = 1 }, "the database can't be reached");
    }

    private async Task ShownAsync(NpgsqlConnectionStringBuilder connection, string reason)
    {
        var topic = await environment.CreateTopicAsync();
        await using var instance = await Instance.StartAsync(options =>
        {
            (options.ConnectionString, options.Topic, options.GroupId) = (connection.ConnectionString, topic, topic);
            environment.Kafka.CopyTo(options.Kafka);
        });

        await Eventually.TrueAsync(() => instance.Status.NotReadyReason == reason, Store.Soon);
    }
}
