//! The same in real time, over sockets.

use std::time::Duration;

use crate::support::{
    Ending, Event, Reply, StreamEnd, bedrock_answer, bedrock_error, chat_body, nonce, over_sockets, tokens,
    vertex_answer,
};

#[test]
fn answers_fails_over_and_streams() {
    over_sockets(|rig| async move {
        rig.bedrock.always(bedrock_answer(1));
        assert_eq!(rig.chat("chat", 1).await.provider(), "bedrock");
        rig.bedrock.always(bedrock_error(503));
        rig.vertex.always(vertex_answer(1));
        assert_eq!(rig.chat("chat", 2).await.provider(), "vertex");
        rig.vertex.always(Reply::Stream([tokens(3, 5), vec![Event::Stop]].concat(), StreamEnd::Clean));
        let answer = rig.stream("chat", 3).await;
        assert!(answer.is_done() && answer.text().ends_with(&nonce(3).token_text(2)), "{}", answer.body);
        assert_eq!(rig.gateway.shutdown(Duration::from_secs(5)).await, 0);
    });
}

#[test]
fn a_loss_reaches_the_client_whole_and_a_leaving_client_the_provider() {
    over_sockets(|rig| async move {
        rig.bedrock.always(Reply::Stream(tokens(3, 5), StreamEnd::Cut));
        let answer = rig.stream("chat", 1).await;
        assert_eq!(
            (answer.ending, answer.has_error_event(), answer.is_done()),
            (Ending::Broken, true, false)
        );
        rig.bedrock.always(Reply::Stream(tokens(3, 5), StreamEnd::Hang));
        rig.leave(&chat_body("chat", 2, true), None).await;
        let left = async {
            while rig.bedrock.seen()[1].left_at_ms.is_none() {
                rig.sleep_ms(5).await;
            }
        };
        rig.clock().timeout(Duration::from_secs(1), left).await.expect("it is told within a second");
    });
}
